# Prepares the managed PostgreSQL before it starts; safe to run any number of
# times and to be killed at any point.
set -eu

# The directory gets its name only when it is complete, so that a crash half way
# leaves nothing behind that looks finished.
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  rm -rf "$PGDATA.new"
  initdb --pgdata="$PGDATA.new" --username=postgres --encoding=UTF8 --locale=C \
    --auth-local=trust --auth-host=scram-sha-256
  echo "host all all all scram-sha-256" >> "$PGDATA.new/pg_hba.conf"
  rm -rf "$PGDATA"
  mv "$PGDATA.new" "$PGDATA"
fi
# PostgreSQL refuses a directory that a volume's group may write to.
chmod 0700 "$PGDATA"

# Single-user mode listens nowhere and asks for no password. It reads one
# statement a line.
sql() {
  postgres --single -D "$PGDATA" -c exit_on_error=on postgres
}

# The owner alone: who may log in is applied once PostgreSQL runs.
sql > /dev/null <<SQL
DO \$\$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'realmkeeper') THEN CREATE ROLE realmkeeper; END IF; END \$\$;
SQL

# CREATE DATABASE cannot stand in a block, so the question and the deed are two.
sql > /tmp/databases <<SQL
SELECT 'found:' || count(*) FROM pg_database WHERE datname = 'realmkeeper';
SQL
if ! grep -q "found:1" /tmp/databases; then
  echo "CREATE DATABASE realmkeeper OWNER realmkeeper" | sql > /dev/null
fi
