# Turns named SQL statements into C: an enum of their names and a table of their texts.
#
#   awk -v engine=postgresql -v output=header -f statements.awk sql/postgresql/queries/*.sql
#
# A statement begins with "-- name: some_name"; the comments below it say what it is for and are
# left out; everything up to the next name is the statement, without its closing semicolon.

BEGIN { count = 0 }

function finish() {
	if (name == "")
		return
	gsub(/[ \t]+/, " ", text)
	sub(/^ /, "", text)
	sub(/ *;? *$/, "", text)
	if (text == "") {
		print FILENAME ": statement " name " is empty" > "/dev/stderr"
		failed = 1
		exit 1
	}
	names[count] = name
	texts[count] = text
	count++
}

# As gsub, whose replacement every awk reads in a way of its own when it has a backslash.
function replaced(line, character, by,    whole, at) {
	whole = ""
	while ((at = index(line, character)) > 0) {
		whole = whole substr(line, 1, at - 1) by
		line = substr(line, at + 1)
	}
	return whole line
}

# How many parameters a statement takes: the highest $n (PostgreSQL), or the question marks (MySQL).
function parameters(sql,    highest, rest, n) {
	if (engine == "mysql")
		return gsub(/\?/, "?", sql)
	highest = 0
	rest = sql
	while (match(rest, /\$[0-9]+/)) {
		n = substr(rest, RSTART + 1, RLENGTH - 1) + 0
		if (n > highest)
			highest = n
		rest = substr(rest, RSTART + RLENGTH)
	}
	return highest
}

/^-- name: / {
	finish()
	name = $3
	if (name !~ /^[a-z][a-z0-9_]*$/ || name in seen) {
		print FILENAME ":" FNR ": bad or repeated statement name: " name > "/dev/stderr"
		failed = 1
		exit 1
	}
	seen[name] = 1
	text = ""
	next
}
/^[ \t]*--/ { next }
{
	text = text " " replaced(replaced($0, "\\", "\\\\"), "\"", "\\\"")
}

END {
	if (failed)
		exit 1
	finish()
	prefix = engine == "mysql" ? "MYSQL_STATEMENT_" : "STATEMENT_"
	type = engine == "mysql" ? "mysql_statement" : "statement"
	print "/* Made by scripts/statements.awk from sql/" engine "/queries; do not edit. */"
	if (output == "header") {
		print "#pragma once"
		print "enum " type " {"
		for (i = 0; i < count; i++)
			print "\t" prefix toupper(names[i]) ","
		print "\t" prefix "COUNT"
		print "};"
		print "struct " type "_text {"
		print "\tconst char *name;"
		print "\tconst char *sql;"
		print "\tint parameters;"
		print "};"
		print "extern const struct " type "_text " type "_texts[" prefix "COUNT];"
	} else {
		print "#include \"db/" engine "_statements.h\""
		print "const struct " type "_text " type "_texts[" prefix "COUNT] = {"
		for (i = 0; i < count; i++)
			print "\t[" prefix toupper(names[i]) "] = { \"" names[i] "\", \"" texts[i] "\", " parameters(texts[i]) " },"
		print "};"
	}
}
