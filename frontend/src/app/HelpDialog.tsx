import { useAllCommands } from '@/shared/keys/commands'
import { Dialog } from '@/shared/ui/Dialog'
import { Keys } from '@/shared/ui/Tooltip'
import styles from './HelpDialog.module.css'

export function HelpDialog({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const commands = useAllCommands()
  const groups = [...new Set(commands.map((command) => command.group))]
  return (
    <Dialog isOpen={isOpen} onClose={onClose} title="Keys on this page" isWide>
      <div className={styles.groups}>
        {groups.map((group) => (
          <section key={group}>
            <h3>{group}</h3>
            <dl>
              {commands
                .filter((command) => command.group === group && command.keys.length > 0)
                .map((command) => (
                  <div key={command.id} className={styles.line}>
                    <dt>{command.title}</dt>
                    <dd>
                      {command.keys.map((spec) => (
                        <Keys key={spec} spec={spec} />
                      ))}
                    </dd>
                  </div>
                ))}
              {group === 'Everywhere' ? (
                <div className={styles.line}>
                  <dt>Close what is open</dt>
                  <dd>
                    <Keys spec="Escape" />
                  </dd>
                </div>
              ) : null}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  )
}
