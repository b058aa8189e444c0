# What the commands in this folder share: sentences, the account that services run under, the
# folders they live in, and processes known by their pid. Sourced by bash, not run.
# shellcheck shell=bash
# shellcheck disable=SC2034  # some variables are for those who source this

set -euo pipefail
tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# --- sentences -----------------------------------------------------------------------------

say() { printf '%s\n' "$*"; }
warn() { printf '%s\n' "$*" >&2; }
die() {
	warn "$*"
	exit 1
}

# The end of a log, for the person who has to find out why something did not start.
show_log() {
	if [ -s "$1" ]; then
		warn "The end of $1:"
		tail -n 15 "$1" | sed 's/^/  | /' >&2
	fi
}

# wait_until SECONDS COMMAND...: whether the command succeeds within that time.
wait_until() {
	local deadline=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $deadline ] || return 1
		sleep 0.05
	done
}

# --- the account ---------------------------------------------------------------------------

# PostgreSQL refuses to run as root, and nothing here needs to: whoever starts Gatehouse as root
# runs every service as this unprivileged account; anybody else runs them as themselves.
if [ "$(id -u)" = 0 ]; then
	service_user=${SERVICE_USER:-nobody}
	service_group=$(id -gn "$service_user")
else
	service_user=$(id -un)
	service_group=$(id -gn)
fi

# The command line in front of every service and tool. The environment starts empty: variables
# such as PGHOST or MYSQL_HOME, which STATE/env sets in people's shells, must not lead our own
# calls to another database.
service_command=(/usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
	LC_ALL=C.UTF-8 HOME=/nonexistent)
if [ "$(id -u)" = 0 ]; then
	drop_privileges=(/usr/bin/setpriv "--reuid=$service_user" "--regid=$service_group" --clear-groups
		--no-new-privs)
	# Only for PORT=80 and the like: the web server may bind it, and gains nothing else.
	bind_low_port=('--inh-caps=-all,+net_bind_service' '--ambient-caps=-all,+net_bind_service')
else
	drop_privileges=()
	bind_low_port=()
fi

# as_service COMMAND...: runs it in the foreground under the service account. From "/", because
# the account may not be able to look into the current folder.
as_service() (
	cd /
	exec "${drop_privileges[@]}" "${service_command[@]}" "$@"
)

# give_to_service MODE FOLDER...: folders that the service account owns.
give_to_service() {
	local mode=$1
	shift
	install -d -m "$mode" -o "$service_user" -g "$service_group" "$@"
}

# readable_by_service FILE: a file with secrets, from standard input. The service account may
# read it, but as root's file cannot change it; nobody else may do either.
readable_by_service() {
	if [ "$(id -u)" = 0 ]; then
		install -m 0640 -g "$service_group" /dev/null "$1"
	else
		install -m 0600 /dev/null "$1"
	fi
	cat >"$1"
}

# GATEHOUSE_SECTION_KEY variables of the caller override configuration keys, so they go on to the
# programs. These two are ours: STATE/env sets them, for other programs.
# Those of the sanitizers go along, for the test run under them.
overrides() {
	local name
	for name in $(compgen -e); do
		case $name in
		GATEHOUSE_URL | GATEHOUSE_CONF) ;;
		GATEHOUSE_*_* | ASAN_OPTIONS | UBSAN_OPTIONS | LSAN_OPTIONS) printf '%s=%s\0' "$name" "${!name}" ;;
		esac
	done
}

# --- folders -------------------------------------------------------------------------------
#
# state    what the caller named: everything that is to be remembered from run to run.
# private  a short folder under /tmp that only we and the service account can enter: installed
#          programs, sockets (their paths are limited to 107 bytes), configuration, the web
#          servers' own files. Made for a run and removed after it, because the source tree may
#          lie where the service account cannot look, such as root's home.
# data     databases and logs. In the state folder, so that deleting that deletes everything;
#          but where the service account cannot reach the state folder, or the file system there
#          keeps no owners and modes (PostgreSQL insists), in a folder of its own under /var/tmp,
#          which unlike /tmp survives a reboot. The state folder remembers which.

open_state() {
	local wanted=$1
	if ! [ -d "$wanted" ]; then
		install -d -m 0755 "$wanted" 2>/dev/null ||
			die "The folder $wanted cannot be made. Please name one that you can write to: STATE=folder"
	fi
	state=$(cd "$wanted" && pwd)
	is_ours "$state" || die "The folder $state belongs to somebody else. Please choose another: STATE=folder"
	case $state in
	*[[:cntrl:]\"\'\\\$]*) die "The path $state has quotes or other special characters in it. Please choose another: STATE=folder" ;;
	esac
	pids=$state/pids
	mkdir -p "$pids"
	private=$(cat "$state/private" 2>/dev/null || true)
	data=$(cat "$state/data-folder" 2>/dev/null || true)
	is_ours "$private" || private=
	[ -d "$data" ] || data=
	log=${data:+$data/log}
}

# /tmp is everybody's: a remembered name counts only while it is still our own folder.
is_ours() { [ -n "$1" ] && [ -d "$1" ] && ! [ -L "$1" ] && [ -O "$1" ]; }

prepare_folders() {
	if [ -z "$private" ]; then
		private=$(make_private_folder)
		echo "$private" >"$state/private"
	fi
	if [ -z "$data" ]; then
		data=$(choose_data_folder)
		echo "$data" >"$state/data-folder"
	fi
	sockets=$private/sockets
	log=$data/log
	give_to_service 0700 "$sockets"
	# The service account writes there; the owner of the state folder reads.
	give_to_service 0755 "$log"
	[ "$log" = "$state/log" ] || ln -sfn "$log" "$state/log"
}

# Some machines forbid running programs from /tmp.
make_private_folder() {
	local parent folder
	for parent in /tmp /var/tmp /dev/shm; do
		folder=$(mktemp -d "$parent/gatehouse.XXXXXX" 2>/dev/null) || continue
		printf '#!/bin/sh\nexit 0\n' >"$folder/trial"
		chmod 755 "$folder/trial"
		if "$folder/trial" 2>/dev/null; then
			rm "$folder/trial"
			if [ "$(id -u)" = 0 ]; then
				chgrp "$service_group" "$folder"
				chmod 0710 "$folder"
			fi
			echo "$folder"
			return
		fi
		rm -r "$folder"
	done
	die 'No folder for programs and sockets could be made in /tmp, /var/tmp or /dev/shm.'
}

choose_data_folder() {
	local remembered folder
	remembered=$(cat "$state/data-folder" 2>/dev/null || true)
	[ -z "$remembered" ] ||
		warn "The databases of earlier runs, in $remembered, are gone; new ones are made."
	if can_hold_data "$state"; then
		echo "$state"
		return
	fi
	folder=$(mktemp -d /var/tmp/gatehouse-data.XXXXXX)
	if [ "$(id -u)" = 0 ]; then
		chgrp "$service_group" "$folder"
		chmod 0710 "$folder"
	fi
	warn "The account $service_user cannot use $state, so the databases are kept in $folder."
	echo "$folder"
}

can_hold_data() {
	local trial=$1/trial result=1
	if give_to_service 0700 "$trial" 2>/dev/null &&
		[ "$(stat -c '%U %a' "$trial")" = "$service_user 700" ] &&
		as_service test -w "$trial"; then
		result=0
	fi
	rmdir "$trial" 2>/dev/null || true
	return $result
}

remove_private_folder() {
	if is_ours "$private"; then rm -rf "$private"; fi
	rm -f "$state/private"
}

# Programs, pages and server configuration, where the service account can read them.
# INSTALL_OPTIONS: more words for make, such as another build folder.
install_programs() {
	(
		umask 022
		# shellcheck disable=SC2086
		make -s --no-print-directory -C "$tree" install DESTDIR= PREFIX="$private/app" ${INSTALL_OPTIONS-}
	) >"$state/install.log" 2>&1 || {
		show_log "$state/install.log"
		die 'The programs could not be installed into the private folder.'
	}
}

# --- processes -----------------------------------------------------------------------------
#
# Services run in the foreground of a session of their own, so that Ctrl-C reaches only us and we
# end them in the right order. pids/NAME holds the pid and, because pids are used again, when the
# process began and in which boot: a file that is left over never names somebody else's process.

boot_id() { cat /proc/sys/kernel/random/boot_id; }

# The 22nd field of /proc/PID/stat; the second, the name, may contain blanks and brackets.
began_at() {
	local stat
	stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
	stat=${stat##*) }
	# shellcheck disable=SC2086
	set -- $stat
	[ "$1" != Z ] && echo "${20}"
}

# pid_of NAME: its pid, if it is running.
pid_of() {
	local pid began boot
	{ read -r pid began boot <"$pids/$1"; } 2>/dev/null || return 1
	[ "$boot" = "$(boot_id)" ] && [ "$(began_at "$pid")" = "$began" ] && echo "$pid"
}

is_running() { pid_of "$1" >/dev/null; }

remember_pid() { echo "$2 $(began_at "$2") $(boot_id)" >"$pids/$1"; }

# start_service NAME LOGFILE COMMAND...: under the service account, in the background.
# Extra options for setpriv may stand in the array `privileges`.
start_service() {
	local name=$1 logfile=$2
	shift 2
	(
		cd /
		# Neither the lock of this command (9) nor the caller's terminal (8 is a copy) may be
		# inherited: whoever reads our output would wait for the service to end.
		exec 8>&- 9>&- </dev/null >/dev/null 2>&1
		local command=("${service_command[@]}")
		if [ ${#drop_privileges[@]} -gt 0 ]; then
			command=("${drop_privileges[@]}" "${privileges[@]}" "${command[@]}")
		fi
		# The log is opened after the change of account: it lies in a folder where that account
		# could have put a link.
		# shellcheck disable=SC2016
		exec setsid "${command[@]}" /bin/sh -c 'exec >>"$0" 2>&1; exec "$@"' "$logfile" "$@"
	) &
	remember_pid "$name" $!
}
privileges=()

# stop_service NAME [SIGNAL] [SECONDS]: ends it and waits; the hard way when it takes too long.
stop_service() {
	local name=$1 signal=${2:-TERM} seconds=${3:-15} pid
	if pid=$(pid_of "$name"); then
		kill -s "$signal" "$pid" 2>/dev/null || true
		if ! wait_until "$seconds" has_ended "$name"; then
			warn "$name did not stop within $seconds seconds and is killed."
			kill -s KILL "$pid" 2>/dev/null || true
			wait_until 5 has_ended "$name" || true
		fi
	fi
	kill_survivors "$name"
	rm -f "$pids/$name"
}

has_ended() { ! is_running "$1"; }

# kill_survivors NAME: a service that was killed the hard way leaves its workers behind; they are
# still of the session it began. While one of them lives, the pid that names the session is not
# given to another process; so if there is such a process, the session was not ours.
kill_survivors() {
	local session began boot now file stat
	{ read -r session began boot <"$pids/$1"; } 2>/dev/null || return 0
	[ "$boot" = "$(boot_id)" ] || return 0
	now=$(began_at "$session") || now=
	[ -z "$now" ] || [ "$now" = "$began" ] || return 0
	for file in /proc/[0-9]*/stat; do
		# Not $(<file): when the process is gone, that ends the shell.
		{ read -r stat <"$file"; } 2>/dev/null || continue
		# After the name: state, parent, group, session.
		[[ ${stat##*) } =~ ^[A-Za-z]\ [0-9]+\ [0-9]+\ "$session"\  ]] || continue
		file=${file#/proc/}
		kill -s KILL "${file%/stat}" 2>/dev/null || true
	done
}

# Programs that a web server started in sessions of their own, and left behind: they are known by
# where they were started from, which is ours alone.
kill_stray_programs() {
	[ -n "$private" ] || return 0
	# Processes come and go while find looks, so it never ends without a complaint.
	{ find /proc -maxdepth 2 -name exe -lname "$private/*" 2>/dev/null || true; } |
		while IFS=/ read -r _ _ pid _; do kill -s KILL "$pid" 2>/dev/null || true; done
}

# service_failed NAME LOGFILE SENTENCE: why it did not start, and the end.
service_failed() {
	show_log "$2"
	stop_service "$1"
	die "$3"
}
