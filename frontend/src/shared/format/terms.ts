/** The terms that the server takes for the side and the view of a mammogram (PS3.3 C.8.11.3). */
export const SIDES = ['R', 'L', 'B'] as const
export const VIEWS = [
  'CC',
  'MLO',
  'ML',
  'LM',
  'LMO',
  'XCC',
  'XCCL',
  'XCCM',
  'FB',
  'SIO',
  'ISO',
  'AT',
  'CV',
] as const
