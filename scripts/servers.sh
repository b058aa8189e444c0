# The private web servers. Each has a folder of its own in the private folder, named after the
# server and its port, so that several can run side by side on the same databases. The generated
# main configuration holds only what belongs to a private server; everything about Gatehouse comes
# from the files that people include on their own machines. Sourced by bash, not run.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # variables of common.sh, and for it

programs='login register logout chat account gate'
app=  # where the programs are installed

# A site of its own beside Gatehouse, which then answers only its own paths: a folder with apache.conf,
# lighttpd.conf and nginx.conf, which are added to the server's configuration. Only for the tests of
# the wall; it is how docs/WALL.md is tried.
walled_site=${WALLED_SITE-}

check_server_name() {
	case $1 in
	apache | apache-proxy | apache-htaccess | lighttpd | nginx) ;;
	*) die "There is no server called \"$1\"; choose apache, apache-proxy, lighttpd or nginx." ;;
	esac
}

check_port_number() {
	[[ $1 =~ ^[1-9][0-9]{0,4}$ && $1 -le 65535 ]] ||
		die "\"$1\" is no port number; choose one up to 65535: PORT=8080"
}

port_is_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

check_port_is_free() {
	! port_is_taken "$1" ||
		die "Port $1 is taken by another program. Please choose another, for example PORT=$(($1 + 1))"
}

# use_server SERVER PORT: sets where its things are.
use_server() {
	check_server_name "$1"
	check_port_number "$2"
	server=$1
	port=$2
	name=$server-$port
	app=$private/app
	instance=$private/$name
	own=$instance/own # what the server itself writes: sockets, pid files, buffers
	error_log=$log/$name.log
	base_path=${GATEHOUSE_SITE_BASE_PATH-}
	base_path=${base_path%/}
	url=http://127.0.0.1:$port
}

# --- the configuration of Gatehouse --------------------------------------------------------

# Whoever has this key can make sessions, so it is made on this machine, once.
make_secret_key() {
	local file=$state/secret_key
	if ! [ -s "$file" ]; then
		install -m 0600 /dev/null "$file.new"
		head -c 48 /dev/urandom | base64 -w 0 | tr '+/' '-_' >"$file.new"
		mv "$file.new" "$file"
	fi
	readable_by_service "$private/secret_key" <"$file"
}

# write_configuration [FILE]: a given one is used as it is.
write_configuration() {
	local threads=8
	make_secret_key
	if [ -n "${1-}" ]; then
		readable_by_service "$instance/gatehouse.conf" <"$1"
		return
	fi
	# mod_fcgid gives a process one request at a time; more threads would only wait.
	case $server in apache | apache-htaccess) threads=1 ;; esac
	readable_by_service "$instance/gatehouse.conf" <<-CONF
		; Made by scripts/services for this run.
		[site]
		url = $url
		name = Gatehouse

		[server]
		threads = $threads
		runtime_dir = $own
		share_dir = $app/share/gatehouse

		[postgresql]
		dsn = host=$sockets port=5432 dbname=gatehouse user=gatehouse_app

		[mysql]
		socket = $sockets/mysql.sock
		user = gatehouse_app
		database = gatehouse

		[users]
		registration = on

		[django]
		secret_key_file = $private/secret_key
	CONF
}

# The environment of the programs, as NAME=VALUE words in the array `environment`.
collect_environment() {
	mapfile -d '' environment < <(overrides)
	environment=("GATEHOUSE_CONF=$instance/gatehouse.conf" "${environment[@]}")
}

# Quotes a text for Apache's configuration, where ${NAME} would be replaced.
quoted_for_apache() {
	local text=${1//\\/\\\\}
	text=${text//\"/\\\"}
	printf '"%s"' "${text//\$\{/\$\{GATEHOUSE_DOLLAR\}\{}"
}

# Quotes a text for lighttpd's, which knows one escape, \", and so cannot say everything.
quoted_for_lighttpd() {
	[[ $1 != *\\ && $1 != *\\\"* ]] || die 'lighttpd cannot pass on a value with a backslash before its end or before a quotation mark.'
	printf '"%s"' "${1//\"/\\\"}"
}

# The operator's command, under the service account and with the configuration of this server.
# Words of the form NAME=VALUE in front are added to its environment.
gatehousectl() {
	local extra=()
	while [[ ${1-} == *=* ]]; do
		extra+=("$1")
		shift
	done
	as_service env "${environment[@]}" "${extra[@]}" "$app/bin/gatehousectl" "$@"
}

# --- programs that run by themselves (behind apache-proxy and nginx) -----------------------

# Where a program listens. mod_authnz_fcgi, which asks the gate behind apache-proxy, speaks TCP only.
listening_address() {
	case $server:$1 in
	apache-proxy:gate) cat "$instance/gate-address" ;;
	*) echo "unix:$own/$1.sock" ;;
	esac
}

choose_gate_address() { echo "127.0.0.1:$(find_free_port)" >"$instance/gate-address"; }

start_program() {
	rm -f "$own/$1.sock"
	start_service "$name.$1" "$error_log" env "${environment[@]}" \
		"$app/lib/gatehouse/cgi-bin/$1" --listen "$(listening_address "$1")"
}

runs_programs() { [ "$server" = apache-proxy ] || [ "$server" = nginx ]; }

start_programs() {
	local program
	for program in $programs; do start_program "$program"; done
	for program in $programs; do
		if ! wait_until 10 program_listens "$program" || ! is_running "$name.$program"; then
			stop_programs
			service_failed "$name.$program" "$error_log" "The program $program could not be started."
		fi
	done
}

program_listens() {
	local address
	is_running "$name.$1" || return 0 # no use in waiting for it
	address=$(listening_address "$1")
	case $address in
	unix:*) [ -S "${address#unix:}" ] ;;
	*) port_is_taken "${address##*:}" ;;
	esac
}

# restart_program SERVER PORT PROGRAM: as a service manager does with one that ended.
restart_program() {
	use_server "$1" "$2"
	runs_programs || die "The web server itself starts the programs behind $server."
	collect_environment
	stop_service "$name.$3"
	start_program "$3"
	wait_until 10 program_listens "$3" && is_running "$name.$3" ||
		service_failed "$name.$3" "$error_log" "The program $3 could not be started."
}

stop_programs() {
	local program
	for program in $programs; do stop_service "$name.$program"; done
}

# --- Apache --------------------------------------------------------------------------------

write_apache_configuration() {
	local module assignment
	mkdir -p "$instance/empty"
	{
		cat <<-CONF
			ServerName 127.0.0.1
			Listen 127.0.0.1:$port
			ServerRoot $instance
			DefaultRuntimeDir $own
			PidFile $own/apache.pid
			Mutex file:$own default
			ServerTokens Prod
			ServerSignature Off
			TraceEnable Off
			Timeout 60
			KeepAliveTimeout 5
			DocumentRoot $instance/empty
		CONF
		for module in mpm_event authz_core alias dir env headers mime reqtimeout rewrite setenvif \
			fcgid proxy proxy_fcgi; do
			case $server:$module in
			apache:proxy* | apache-htaccess:proxy* | apache-proxy:fcgid) ;;
			*) echo "LoadModule ${module}_module /usr/lib/apache2/modules/mod_$module.so" ;;
			esac
		done
		cat <<-CONF
			TypesConfig /dev/null
			StartServers 1
			MinSpareThreads 16
			MaxSpareThreads 64
			ThreadsPerChild 32
			MaxRequestWorkers 128
			LogFormat "%h %t \"%m %U %H\" %>s %B %{ms}T" gatehouse
			CustomLog $log/$name.access.log gatehouse
			<Directory />
				AllowOverride None
				Require all denied
			</Directory>

			Define GATEHOUSE_PROGRAMS $app/lib/gatehouse/cgi-bin
			Define GATEHOUSE_SHARE $app/share/gatehouse
			Define GATEHOUSE_CONFIGURATION $instance/gatehouse.conf
			Define GATEHOUSE_SOCKETS $own
			Define GATEHOUSE_FOLDER $base_path/
		CONF
		if [ -n "$walled_site" ]; then echo 'Define GATEHOUSE_BESIDE_OTHERS'; fi
		case $server in
		apache-proxy)
			echo "Define GATEHOUSE_GATE $(listening_address gate)"
			echo "Include $app/share/gatehouse/apache-conf/gatehouse-proxy.conf"
			;;
		*)
			cat <<-CONF
				FcgidIPCDir $own/fcgid
				FcgidProcessTableFile $own/fcgid_table
				FcgidMaxProcesses 40
				Define GATEHOUSE_DOLLAR $
			CONF
			for assignment in "${environment[@]}"; do
				echo "FcgidInitialEnv ${assignment%%=*} $(quoted_for_apache "${assignment#*=}")"
			done
			;;
		esac
		case $server in
		apache) echo "Include $app/share/gatehouse/apache-conf/gatehouse-fcgid.conf" ;;
		apache-htaccess) write_shared_hosting ;;
		esac
		if [ -n "$walled_site" ]; then echo "Include $walled_site/apache.conf"; fi
	} | readable_by_service "$instance/server.conf"
}

# A customer's site on a shared machine: a document root with our .htaccess, and no more rights
# than such hosts give. Only for the tests; it is how the file in apache-conf/ is tried.
write_shared_hosting() {
	local site=$instance/site
	rm -rf "$site"
	mkdir -p "$site$base_path"
	cp "$app/share/gatehouse/apache-conf/htaccess" "$site$base_path/.htaccess"
	cp "$app/lib/gatehouse/cgi-bin/app" "$site$base_path/app.fcgi"
	cp -R "$app/share/gatehouse/static" "$site$base_path/static"
	cp -RL /usr/share/javascript/bootstrap5 "$site$base_path/static/bootstrap"
	chmod -R a+rX "$site"
	cat <<-CONF
		AddType text/css .css
		AddType text/javascript .js
		AddType image/svg+xml .svg
		<Directory $site>
			AllowOverride FileInfo Options=ExecCGI AuthConfig
			Options FollowSymLinks
			Require all granted
		</Directory>
		DocumentRoot $site
	CONF
}

apache_command() { command=(apache2 -D FOREGROUND -f "$instance/server.conf" -E "$error_log" -c "ErrorLog $error_log"); }

# --- lighttpd ------------------------------------------------------------------------------

write_lighttpd_configuration() {
	local assignment value file=$app/share/gatehouse/lighttpd-conf/gatehouse.conf
	if [ -n "$walled_site" ]; then
		leave_paths_to_others '\$HTTP\["url"\] =~ "\^" \+ var\.gatehouse_folder \{' \
			'$HTTP["url"] =~ "^" + var.gatehouse_folder + "PATHS" {' "$file"
	fi
	mkdir -p "$instance/empty"
	{
		cat <<-CONF
			server.document-root = "$instance/empty"
			server.bind = "127.0.0.1"
			server.port = $port
			server.errorlog = "$error_log"
			server.breakagelog = "$error_log"
			server.upload-dirs = ( "$own" )
			server.tag = "lighttpd"
			server.modules = ( "mod_accesslog", "mod_alias", "mod_setenv", "mod_expire", "mod_fastcgi" )
			accesslog.filename = "$log/$name.access.log"
			accesslog.format = "%h %t \"%m %U %H\" %>s %B %D"

			var.gatehouse_programs = "$app/lib/gatehouse/cgi-bin"
			var.gatehouse_share = "$app/share/gatehouse"
			var.gatehouse_bootstrap = "/usr/share/javascript/bootstrap5"
			var.gatehouse_sockets = "$own"
			var.gatehouse_folder = "$base_path/"
			var.gatehouse_environment = (
		CONF
		for assignment in "${environment[@]}"; do
			value=$(quoted_for_lighttpd "${assignment#*=}") || exit 1
			echo "	\"${assignment%%=*}\" => $value,"
		done
		echo ')'
		echo "include \"$file\""
		if [ -n "$walled_site" ]; then echo "include \"$walled_site/lighttpd.conf\""; fi
	} | readable_by_service "$instance/server.conf"
}

# leave_paths_to_others PATTERN REPLACEMENT FILE: of lighttpd's and nginx's files, the copy that a site
# with pages of its own makes, as their own comments tell people to do; sets `file`.
leave_paths_to_others() {
	local paths
	paths=$(sed -nE 's/^# "(~ \^\/)?(\(\|auth\/status.*)"\.$/\2/p' "$3")
	file=$instance/gatehouse-$server.conf
	sed -E "s,$1,${2/PATHS/$paths}," "$3" >"$file"
	! cmp -s "$3" "$file" || die "The comments in $3 are no longer as this expects."
}

lighttpd_command() { command=(lighttpd -D -f "$instance/server.conf"); }

# --- nginx ---------------------------------------------------------------------------------

write_nginx_configuration() {
	local file=$app/share/gatehouse/nginx-conf/gatehouse.conf folder root=$own
	if [ -n "$base_path" ]; then
		# As that file's own comment tells people to do.
		sed -E "s,^(location (\^~ |= |~ \^)?)/,\1$base_path/," "$file" >"$instance/gatehouse-nginx.conf"
		file=$instance/gatehouse-nginx.conf
	fi
	if [ -n "$walled_site" ]; then
		root= # the site names its own
		leave_paths_to_others '^location / \{' 'location ~ ^/PATHS {' "$file"
	fi
	{
		cat <<-CONF
			daemon off;
			pid $own/nginx.pid;
			error_log $error_log;
			worker_processes 2;
			events { worker_connections 512; }
			http {
				log_format gatehouse '\$remote_addr [\$time_local] "\$request_method \$uri \$server_protocol" \$status \$body_bytes_sent \$request_time';
				access_log $log/$name.access.log gatehouse;
				default_type application/octet-stream;
				sendfile on;
				keepalive_timeout 5;
		CONF
		for folder in client_body fastcgi proxy scgi uwsgi; do
			echo "	${folder}_temp_path $own/$folder;"
		done
		cat <<-CONF
				server {
					listen 127.0.0.1:$port;
					server_name 127.0.0.1;
					${root:+root $root;}
					include $file;
					set \$gatehouse_sockets $own;
					set \$gatehouse_share $app/share/gatehouse;
					${walled_site:+include $walled_site/nginx.conf;}
				}
			}
		CONF
	} | readable_by_service "$instance/server.conf"
}

nginx_command() { command=(nginx -e "$error_log" -c "$instance/server.conf"); }

# --- any of them ---------------------------------------------------------------------------

# prepare_server SERVER PORT [CONFIGURATION]: its folder and everything in it.
prepare_server() {
	use_server "$1" "$2"
	mkdir -p "$instance"
	give_to_service 0700 "$own"
	write_configuration "${3-}"
	choose_gate_address
	collect_environment
	case $server in
	apache*) write_apache_configuration ;;
	*) "write_${server}_configuration" ;;
	esac
}

# start_server SERVER PORT [CONFIGURATION]: ready when it answers.
start_server() {
	local command
	use_server "$1" "$2"
	if is_running "$name"; then return; fi
	check_port_is_free "$port"
	prepare_server "$@"
	if runs_programs; then start_programs; fi
	"${server%%-*}_command"
	if [ "$port" -lt 1024 ]; then privileges=("${bind_low_port[@]}"); fi
	start_service "$name" "$error_log" "${command[@]}"
	privileges=()
	if ! wait_until 20 server_answers || ! is_running "$name"; then
		stop_programs
		service_failed "$name" "$error_log" "The web server could not be started."
	fi
}

# The status of an answer to GET, or nothing.
status_of() {
	local path=$1 status
	{
		exec 3<>"/dev/tcp/127.0.0.1/$port" &&
			printf 'GET %s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nConnection: close\r\n\r\n' "$path" "$port" >&3 &&
			read -r -t 10 -u 3 _ status _ && printf '%s\n' "$status"
	} 2>/dev/null
	exec 3<&- 2>/dev/null || true
}

server_answers() {
	is_running "$name" || return 0 # no use in waiting for it
	[ -n "$(status_of "$base_path/health")" ]
}

# stop_server SERVER PORT
stop_server() {
	use_server "$1" "$2"
	stop_service "$name" TERM
	stop_programs
	if [ -n "$private" ]; then rm -rf "$instance"; fi
}
