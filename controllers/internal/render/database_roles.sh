# Applies the roles whenever they change: the kubelet replaces the file that the
# operator wrote, and pods of the realm log in with what it says.
set -u
trap 'exit 0' TERM INT
applied=
while :; do
  wanted=$(cat "$FOLDER/roles.sql") || wanted=$applied
  if [ "$wanted" != "$applied" ] && pg_isready --quiet; then
    # Terse, because the text of a statement holds a password.
    if printf '%s\n' "$wanted" | psql --no-psqlrc --quiet --single-transaction --output=/dev/null \
      --set=ON_ERROR_STOP=1 --set=VERBOSITY=terse --set=SHOW_CONTEXT=never --file=-; then
      applied=$wanted
      echo "roles applied"
    fi
  fi
  # A shell that sleeps in the foreground hears of its end too late.
  sleep 1 &
  wait $!
done
