# The whole of it: both databases, migrated, and what is needed to end everything again.
# Sourced by bash, not run.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # variables of common.sh, and for it

# One command at a time per state folder; the second waits.
lock_state() {
	exec 9>"$state/lock"
	flock -w 300 9 || die "Another command is still at work in $state."
}
unlock_state() { exec 9>&-; }

start_databases() {
	# MariaDB takes longest to make; PostgreSQL could be made meanwhile, but a failure of one
	# of two at once is hard to follow.
	start_postgresql
	start_mariadb
	migrate
	write_env
}

# The tables belong to the owner's accounts, the configuration names the programs' accounts.
migrate() {
	say 'Bringing the databases to the newest schema'
	use_server apache 8080
	name=operator
	instance=$private/$name
	own=$instance/own
	mkdir -p "$instance"
	give_to_service 0700 "$own"
	write_configuration
	collect_environment
	gatehousectl "GATEHOUSE_POSTGRESQL_DSN=host=$sockets port=5432 dbname=gatehouse user=gatehouse_owner" \
		GATEHOUSE_MYSQL_USER=gatehouse_owner migrate >"$state/migrate.log" 2>&1 || {
		show_log "$state/migrate.log"
		die 'The databases could not be brought to the newest schema.'
	}
}

# write_env [SERVER PORT]: without them, no address is named. For people's shells and other programs. They come as the owner of the
# tables, who may look at and change everything. The mariadb client knows only the socket from its
# environment; database and user it reads from a file that MYSQL_HOME leads to.
write_env() {
	local configuration=$private/operator/gatehouse.conf address=
	install -m 0600 /dev/null "$state/my.cnf"
	cat >"$state/my.cnf" <<-CNF
		[client]
		socket = $sockets/mysql.sock
		user = gatehouse_owner

		[mysql]
		database = gatehouse
	CNF
	if [ $# -gt 0 ]; then
		use_server "$@"
		configuration=$instance/gatehouse.conf
		address=$url$base_path
	fi
	install -m 0600 /dev/null "$state/env.new" # settings can be secrets
	cat >"$state/env.new" <<-ENV
		# Source this in a shell: then psql, mariadb and gatehousectl find what runs here.
		export GATEHOUSE_URL='$address'
		export GATEHOUSE_CONF='$configuration'
		export PGHOST='$sockets'
		export PGPORT='5432'
		export PGDATABASE='gatehouse'
		export PGUSER='gatehouse_owner'
		export MYSQL_UNIX_PORT='$sockets/mysql.sock'
		export MYSQL_DATABASE='gatehouse'
		export MYSQL_USER='gatehouse_owner'
		export MYSQL_HOME='$state'
	ENV
	# What this site was started with: gatehousectl goes by the same.
	[ $# -eq 0 ] || overrides | while IFS= read -r -d '' setting; do
		printf 'export %q\n' "$setting"
	done >>"$state/env.new"
	mv "$state/env.new" "$state/env"
}

# Names of what runs, in the order in which it is to be ended: web servers, programs, databases.
running_services() {
	local file name
	for file in "$pids"/*; do
		name=${file##*/}
		is_running "$name" || continue
		case $name in
		run) ;;
		mariadb) echo "3 $name" ;;
		postgresql) echo "4 $name" ;;
		*.*) echo "2 $name" ;;
		*) echo "1 $name" ;;
		esac
	done | sort | cut -d ' ' -f 2
}

stop_everything() {
	local name
	for name in $(running_services); do
		case $name in
		postgresql) stop_postgresql ;;
		mariadb) stop_mariadb ;;
		*) stop_service "$name" ;;
		esac
	done
	for name in "$pids"/*; do
		name=${name##*/}
		[ "$name" = run ] || stop_service "$name"
	done
	kill_stray_programs
	remove_private_folder
}

# Free at this moment. By chance, so that two who ask at once get two; below the ports that the system
# gives to outgoing connections (32768 and more), which could take it before a server does.
find_free_port() {
	/usr/bin/python3 - <<-'END'
		import random, socket
		while True:
		    port = random.randint(10000, 32000)
		    with socket.socket() as probe:
		        try:
		            probe.bind(("127.0.0.1", port))
		        except OSError:
		            continue
		    print(port)
		    break
	END
}
