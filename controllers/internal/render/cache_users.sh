# Has Redis take up its users, its certificate and the port for connections in the
# clear whenever they change: the kubelet replaces the files that the operator wrote.
set -u
umask 077
trap 'exit 0' TERM INT

ask() {
  REDISCLI_AUTH=$(cat "$RUN/keeper") redis-cli -s "$RUN/redis.sock" --user keeper "$@" 2>/dev/null
}

# Pods have left these connections; whoever else has one loses it.
end_plain_connections() {
  ask CLIENT LIST | sed -n "s/^id=\([0-9]*\) .* laddr=[^ ]*:$PORT .*/\1/p" | while read -r id; do
    ask CLIENT KILL ID "$id" > /dev/null
  done
}

# A shell that sleeps in the foreground hears of its end too late.
pause() {
  sleep 1 &
  wait $!
}

until [ -s "$RUN/keeper" ]; do
  pause
done
users= certificate= port=
while :; do
  wanted=$(cat "$FOLDER/users.acl") || wanted=$users
  if [ "$wanted" != "$users" ] && write_users && [ "$(ask ACL LOAD)" = OK ]; then
    users=$wanted
    echo "users loaded"
  fi
  wanted=$(cat "$FOLDER/tls.crt" "$FOLDER/tls.key") || wanted=$certificate
  if [ "$wanted" != "$certificate" ] && [ "$(ask CONFIG SET tls-cert-file "$FOLDER/tls.crt")" = OK ]; then
    certificate=$wanted
    echo "certificate loaded"
  fi
  wanted=$(sed -n 's/^port //p' "$FOLDER/redis.conf") || wanted=$port
  if [ "$wanted" != "$port" ] && [ "$(ask CONFIG SET port "$wanted")" = OK ]; then
    port=$wanted
    echo "port $port for connections in the clear"
    [ "$port" != 0 ] || end_plain_connections
  fi
  pause
done
