# Runs a PostgreSQL server until the input ends. $1: the folder of its programs.
trap : INT TERM HUP
folder=$(mktemp -d "${TMPDIR:-/tmp}/denizen-pg-XXXXXX") || exit 1
data=$folder/data
"$1/initdb" -D "$data" -U denizen -A trust -E UTF8 --locale=C.UTF-8 --no-sync >"$folder/log" 2>&1 || { cat "$folder/log" >&2; exit 1; }
cat >>"$data/postgresql.conf" <<CONF
listen_addresses = ''
unix_socket_directories = '$folder'
fsync = off
full_page_writes = off
max_connections = 400
shared_buffers = 64MB
autovacuum = off
CONF

start() {
    "$1/pg_ctl" -D "$data" -l "$folder/log" -s -w start </dev/null >&2 || { cat "$folder/log" >&2; exit 1; }
}
stop() {
    "$1/pg_ctl" -D "$data" -s -w -m immediate stop </dev/null >/dev/null 2>&1
}

start "$1"
echo "$folder"
echo ready
while read -r word; do
    case $word in
        stop) stop "$1" ;;
        start) start "$1" ;;
        restart) stop "$1"; start "$1" ;;
    esac
    echo ready
done
stop "$1"
rm -rf "$folder"
