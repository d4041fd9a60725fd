"""The migration runner on a real database."""

from mammogram_viewer.adapters.database.migrate import apply_migrations, list_migrations, status


async def test_pending_migrations_are_applied_once(new_database):
    url = await new_database()
    names = [migration.name for migration in list_migrations()]
    assert await apply_migrations(url) == names
    assert await apply_migrations(url) == []
    assert {state.state for state in await status(url)} == {"applied"}
