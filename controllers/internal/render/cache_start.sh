# Starts Redis. What the folder holds that the pod's containers share lasts as long as
# the pod: the container beside this one may have written it.
set -eu
umask 077
if [ ! -s "$RUN/keeper" ]; then
  head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n' > "$RUN/keeper.new"
  mv "$RUN/keeper.new" "$RUN/keeper"
fi
if [ ! -s "$RUN/users.acl" ]; then
  write_users
fi
exec redis-server "$FOLDER/redis.conf"
