import type { NotificationSettings } from '@/shared/api/types'
import { SelectField } from '@/shared/ui/Field'

type Wanted = NotificationSettings['emailOn']

interface WantedSelectProps {
  label: string
  value: Wanted
  disabled?: boolean
  onChange: (wanted: Wanted) => void
}

export function WantedSelect(props: WantedSelectProps) {
  return (
    <SelectField
      label={props.label}
      value={props.value}
      disabled={props.disabled}
      onChange={(event) => props.onChange(event.target.value as Wanted)}
    >
      <option value="never">never</option>
      <option value="failures">when something was rejected or failed</option>
      <option value="all">for everything that ends</option>
    </SelectField>
  )
}
