export {
  arrange,
  type ArrangeOptions,
  type Arrangement,
  defaultLayout,
  type HungPane,
  layoutsFor,
  pictureList,
} from './arrange'
export { boxOf, fitted, justified, oneToOne, trueSize } from './fit'
export { type LayoutId, LAYOUTS, paneRects, showsPrior } from './layouts'
export { linkedCamera, type LinkedPane } from './linked'
export { type ChestWall, chestWallOf, orientationOf } from './orientation'
export { quadrants, sweep } from './quadrants'
export { positionOf, type ReadingPosition, restored, type Standing, type Step, stepBy, steps } from './steps'
export { type Side, type Slot, SLOTS } from './views'
export {
  arrangementDescription,
  layoutName,
  paneDescription,
  paneLabel,
  patientWords,
  stepDescription,
  viewLabel,
} from './words'
export * from './calibration'
export { breastBoxes } from './contents'
