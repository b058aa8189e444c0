# The private PostgreSQL and MariaDB: on unix sockets in the private folder and nowhere else, so
# that they meet no other database of the machine, and need no passwords: whoever may enter that
# folder may be anybody in them. Sourced by bash, not run.
#
# Both have three accounts: the superuser (postgres, root), which only these scripts use;
# gatehouse_owner, who owns the tables and migrates them; and gatehouse_app for the programs, who
# has no more rights than they need, so that a missing grant is noticed here and not in production.
# shellcheck shell=bash
# shellcheck disable=SC2154  # variables of common.sh

# Debian keeps each version's programs in a folder of its own; the newest is taken for new data.
find_postgresql() {
	local version='*' folder
	if [ -s "$data/postgresql/PG_VERSION" ]; then version=$(cat "$data/postgresql/PG_VERSION"); fi
	# shellcheck disable=SC2086
	folder=$(printf '%s\n' /usr/lib/postgresql/$version/bin | sort -V | tail -n 1)
	[ -x "$folder/postgres" ] ||
		die "PostgreSQL${version/#\*/} is not installed (looked in /usr/lib/postgresql)."
	echo "$folder"
}

# new_data NAME: an empty folder to build a database in. It gets its real name only when it is
# complete, so an interrupted first run leaves nothing that looks like a database.
new_data() {
	if [ -e "$data/$1.new" ]; then
		say "An interrupted run left a half-made database, $data/$1.new; it is made anew."
		rm -rf "${data:?}/$1.new"
	fi
	give_to_service 0700 "$data/$1.new"
}

# make_data NAME: by build_NAME. With DATABASES_TEMPLATE, a folder of the tests, it is built once and copied
# for everybody else: the tests start many.
make_data() {
	local template=${DATABASES_TEMPLATE-}
	new_data "$1"
	if [ -z "$template" ]; then
		"build_$1"
	else
		(
			flock 9
			if ! [ -d "$template/$1" ]; then
				"build_$1"
				cp -a "$data/$1.new" "$template/$1.part"
				mv "$template/$1.part" "$template/$1"
			fi
		) 9>"$template/$1.lock"
		rm -rf "${data:?}/$1.new"
		cp -a "$template/$1" "$data/$1.new"
	fi
	mv "$data/$1.new" "$data/$1"
}

# DATABASES_SYNC=off, for the tests: what is written reaches the system, which outlives killed databases, but
# nobody waits for the disk.
waits_for_disk() { [ "${DATABASES_SYNC-on}" != off ]; }

# --- PostgreSQL ----------------------------------------------------------------------------

build_postgresql() {
	local options=()
	waits_for_disk || options=(--no-sync)
	say 'Making the PostgreSQL database'
	as_service "$postgresql/initdb" -A trust -U postgres -E UTF8 --locale=C.UTF-8 "${options[@]}" \
		-D "$data/postgresql.new" >"$state/make-postgresql.log" 2>&1 </dev/null || {
		show_log "$state/make-postgresql.log"
		die 'PostgreSQL could not make its database.'
	}
}

# PostgreSQL refuses to start while the pid in its lock file is anybody's of the same account,
# which after a reboot may be any program, or a dead process that nobody has collected yet. Only
# those cases are cleared away here; whether an own process is still at work on the data it finds
# out better itself.
clear_stale_postmaster() {
	local lock=$data/postgresql/postmaster.pid pid
	pid=$(head -n 1 "$lock" 2>/dev/null) || return 0
	wait_until 2 is_collected "$pid" || true
	[ -e "/proc/$pid" ] || return 0
	[[ $(readlink "/proc/$pid/exe") != */postgres* ]] || return 0
	rm -f "$lock"
	say 'PostgreSQL had not been stopped properly; its left-over lock file is removed.'
}

is_collected() { ! [ -e "/proc/$1" ] || began_at "$1" >/dev/null; }

postgresql_answers() {
	is_running postgresql || return 0 # no use in waiting for it
	as_service "$postgresql/pg_isready" -q -h "$sockets" -U postgres -d postgres
}

start_postgresql() {
	if is_running postgresql; then return; fi
	postgresql=$(find_postgresql)
	[ -d "$data/postgresql" ] || make_data postgresql
	clear_stale_postmaster
	local options=()
	waits_for_disk || options=(-c fsync=off)
	say 'Starting PostgreSQL'
	# Enough connections for four web servers at a time, as in the tests. What was written is
	# on disk when PostgreSQL says so (fsync, synchronous_commit): that is its default, and kept.
	start_service postgresql "$log/postgresql.log" "$postgresql/postgres" -D "$data/postgresql" \
		-c listen_addresses= -c "unix_socket_directories=$sockets" -c unix_socket_permissions=0700 \
		-c port=5432 -c max_connections=250 -c shared_buffers=32MB \
		"${options[@]}"
	# Recovery after a crash may take a while.
	wait_until 60 postgresql_answers || service_failed postgresql "$log/postgresql.log" \
		'PostgreSQL did not answer within a minute.'
	is_running postgresql || service_failed postgresql "$log/postgresql.log" \
		'PostgreSQL could not be started.'
	grant_postgresql
}

# SIGINT: end the connections, write everything down, leave.
stop_postgresql() { stop_service postgresql INT 30; }

postgresql_superuser() {
	as_service "$postgresql/psql" -X -q -A -t -v ON_ERROR_STOP=1 -h "$sockets" -U postgres "$@"
}

# Done at every start, so that a first run that was interrupted between these steps is completed.
grant_postgresql() {
	if [ "$(postgresql_superuser -d postgres -c "SELECT 1 FROM pg_database WHERE datname = 'gatehouse'")" != 1 ]; then
		postgresql_superuser -d postgres <<-'SQL'
			DO $$
			DECLARE
				name text;
			BEGIN
				FOREACH name IN ARRAY ARRAY['gatehouse_owner', 'gatehouse_app'] LOOP
					IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
						EXECUTE format('CREATE ROLE %I LOGIN', name);
					END IF;
				END LOOP;
			END $$;
			CREATE DATABASE gatehouse OWNER gatehouse_owner;
		SQL
	fi
	postgresql_superuser -d gatehouse <<-'SQL'
		REVOKE ALL ON DATABASE gatehouse FROM PUBLIC;
		GRANT CONNECT ON DATABASE gatehouse TO gatehouse_app;
		ALTER SCHEMA public OWNER TO gatehouse_owner;
		REVOKE ALL ON SCHEMA public FROM PUBLIC;
		GRANT USAGE ON SCHEMA public TO gatehouse_app;
		ALTER DEFAULT PRIVILEGES FOR ROLE gatehouse_owner IN SCHEMA public
			GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO gatehouse_app;
		ALTER DEFAULT PRIVILEGES FOR ROLE gatehouse_owner IN SCHEMA public
			GRANT USAGE ON SEQUENCES TO gatehouse_app;
	SQL
}

# --- MariaDB -------------------------------------------------------------------------------

build_mariadb() {
	say 'Making the MariaDB database'
	# A folder of its own for temporary tables: in a shared one another server that starts removes
	# them as left-overs.
	as_service mariadb-install-db --no-defaults --datadir="$data/mariadb.new" --tmpdir="$sockets" \
		--auth-root-authentication-method=normal --skip-test-db --skip-name-resolve \
		>"$state/make-mariadb.log" 2>&1 </dev/null || {
		show_log "$state/make-mariadb.log"
		die 'MariaDB could not make its database.'
	}
}

mariadb_answers() {
	is_running mariadb || return 0
	as_service mariadb --no-defaults --socket="$sockets/mysql.sock" --user=root \
		--connect-timeout=2 --execute='SELECT 1' >/dev/null 2>&1
}

start_mariadb() {
	if is_running mariadb; then return; fi
	[ -d "$data/mariadb" ] || make_data mariadb
	local options=()
	waits_for_disk || options=(--innodb-flush-log-at-trx-commit=2)
	say 'Starting MariaDB'
	start_service mariadb "$log/mariadb.log" mariadbd --no-defaults --datadir="$data/mariadb" \
		--skip-networking --socket="$sockets/mysql.sock" --pid-file="$sockets/mysql.pid" \
		--tmpdir="$sockets" --skip-name-resolve --skip-log-bin --max-connections=250 \
		--innodb-buffer-pool-size=32M --performance-schema=OFF \
		--character-set-server=utf8mb4 --collation-server=utf8mb4_unicode_ci "${options[@]}"
	wait_until 60 mariadb_answers || service_failed mariadb "$log/mariadb.log" \
		'MariaDB did not answer within a minute.'
	is_running mariadb || service_failed mariadb "$log/mariadb.log" 'MariaDB could not be started.'
	grant_mariadb
}

stop_mariadb() { stop_service mariadb TERM 30; }

mariadb_superuser() {
	as_service mariadb --no-defaults --socket="$sockets/mysql.sock" --user=root \
		--batch --skip-column-names
}

grant_mariadb() {
	mariadb_superuser <<-'SQL'
		CREATE DATABASE IF NOT EXISTS gatehouse CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
		CREATE USER IF NOT EXISTS gatehouse_owner@localhost;
		CREATE USER IF NOT EXISTS gatehouse_app@localhost;
		GRANT ALL ON gatehouse.* TO gatehouse_owner@localhost;
		GRANT SELECT, INSERT, UPDATE ON gatehouse.* TO gatehouse_app@localhost;
	SQL
}
