import { HelpDialog } from '@/app/HelpDialog'
import { ReadExamPage, ReadImagePage } from '@/features/reading/ReadingPage'

function help(isOpen: boolean, close: () => void) {
  return <HelpDialog isOpen={isOpen} onClose={close} />
}

export function ReadExamRoute() {
  return <ReadExamPage help={help} />
}

export function ReadImageRoute() {
  return <ReadImagePage help={help} />
}
