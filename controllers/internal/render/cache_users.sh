# Has Redis read its users whenever they change: the kubelet replaces the file
# that the operator wrote. Redis knows one of the passwords at least.
set -u
trap 'exit 0' TERM INT
loaded=
while :; do
  wanted=$(cat "$FOLDER/users.acl") || wanted=$loaded
  if [ "$wanted" != "$loaded" ]; then
    while read -r password; do
      if [ "$(REDISCLI_AUTH=$password redis-cli -p "$PORT" ACL LOAD 2>/dev/null)" = OK ]; then
        loaded=$wanted
        echo "users loaded"
        break
      fi
    done < "$FOLDER/passwords"
  fi
  # A shell that sleeps in the foreground hears of its end too late.
  sleep 1 &
  wait $!
done
