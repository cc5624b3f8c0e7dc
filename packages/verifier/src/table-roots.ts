/** Merkle roots of the tree 'tables' by log2 of the blowup. Rebuilt and compared by a test. */
export const TABLE_ROOTS: Readonly<Record<1 | 2, string>> = {
  1: '1614ff6ff6d68c543192fc1ab5a9ef6a5b85a18c98c27ea35a08ca8917d5e962',
  2: 'b78d2dba8dd40c20fea8db1bd3e4522c634fb287871be0fe0bbaf08cf2d79de1',
}
