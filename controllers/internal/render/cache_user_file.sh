# Writes the users that Redis reads: those that the operator wrote and the keeper, by
# whom this pod has Redis follow. Its password never leaves the pod, so that it is
# valid whatever became of the others. Both containers may write at the same time, each
# to a file of its own first; and where no line says who the default user is, Redis
# would let everybody be it.
write_users() {
  cat "$FOLDER/users.acl" > "$RUN/users.acl.$WRITER" &&
    grep -q '^user default ' "$RUN/users.acl.$WRITER" &&
    echo "user keeper on >$(cat "$RUN/keeper") -@all +acl|load +config|set +client|list +client|kill" >> "$RUN/users.acl.$WRITER" &&
    mv "$RUN/users.acl.$WRITER" "$RUN/users.acl"
}

