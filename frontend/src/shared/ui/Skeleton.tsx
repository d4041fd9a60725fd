import styles from './Skeleton.module.css'

interface SkeletonProps {
  width?: string
  height?: string
}

/** Holds the place of what is being loaded, in its size, so that nothing jumps. */
export function Skeleton({ width = '100%', height = '1rem' }: SkeletonProps) {
  return <span className={styles.skeleton} style={{ width, height }} aria-hidden="true" />
}
