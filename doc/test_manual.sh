#!/bin/sh
# The manual pages of section 3 say what lib/parproc.h says: each function, callback type, macro,
# member and constant is in exactly one of them, with the same types, and has a page of its name;
# the examples compile. Whatever section they are of, pages are well-formed, as far as the programs
# that look at that are there.
#
# usage: test_manual.sh [DIRECTORY OF parproc.h]
set -u
export LC_ALL=C

top=${top_srcdir:-$(dirname "$0")/..}
lib=${1:-$top/lib}
cc=${build_CC:-${CC:-cc}}
# shellcheck disable=SC2046 # they are lists of words, here and below
flags="-std=c11 -Wall -Wextra -Werror -fsyntax-only -I$lib $(pkg-config --cflags jansson 2>/dev/null)"
scratch=$(mktemp -d "${TMPDIR:-/tmp}/parproc-manual.XXXXXX") || exit 99
trap 'rm -rf "$scratch"' EXIT
status=0

complain() {
	echo "$*"
	status=1
}

# Prints what only one of two lists (files) has, or has more often.
compare() { # compare HEADER'S PAGES' WHAT
	sort "$1" >"$1.sorted"
	sort "$2" >"$2.sorted"
	if ! cmp -s "$1.sorted" "$2.sorted"; then
		comm -23 "$1.sorted" "$2.sorted" | sed "s/^/$3, in no page: /"
		comm -13 "$1.sorted" "$2.sorted" | sed "s/^/$3, not in the header, or twice: /"
		return 1
	fi
	[ -s "$1" ] || { echo "$3: there are none" && return 1; }
}

# ---- what the header has ----

# Without comments, and lines that go on are one.
plain_header() {
	sed -e 's://.*::' "$lib/parproc.h" | awk '
		{
			while (match($0, /\/\*/) || is_comment) {
				begin = is_comment ? "" : substr($0, 1, RSTART - 1)
				rest = is_comment ? $0 : substr($0, RSTART + 2)
				is_comment = !match(rest, /\*\//)
				$0 = begin (is_comment ? "" : " " substr(rest, RSTART + 2))
				if (is_comment)
					break
			}
			if (sub(/\\$/, "")) { line = line $0; next }
			print line $0
			line = ""
		}'
}

# Functions, types of functions, macros with parameters. PP_PRINTF is for the header alone.
header_names() {
	plain_header | sed -n 's/^#define \([A-Za-z_]*\)(.*/\1/p' | grep -v '^PP_PRINTF$'
	plain_header | grep -v '^#' | tr '\n\t' '  ' | tr ';' '\n' |
		sed -n 's/^[^(]*[ *]\(pp_[a-z0-9_]*\)(.*/\1/p'
}

header_values() {
	plain_header | sed -n 's/^#define \([A-Z_]*\)  *\([^ ].*\)/#define \1 \2/p'
}

# "struct pp_request const char *as": members, and constants of enums.
header_members() {
	plain_header | awk '
		/^(struct|enum) [a-z_]* \{/ { owner = $1 " " $2; next }
		/^\}/ { owner = "" }
		owner && NF > 0 {
			gsub(/[ \t]+/, " ")
			gsub(/^ | ?[;,].*$|( = .*)$/, "")
			print owner " " $0
		}'
}

# ---- what the pages have ----

synopsis() { # synopsis PAGE...
	awk '/^\.Sh/ { is_in = $2 == "SYNOPSIS" } is_in' "$@"
}

page_names() {
	synopsis "$@" | awk '$1 == ".Fn" || $1 == ".Fo" { print $2 }'
}

page_values() {
	synopsis "$@" | sed -n 's/^\.Fd "\(#define .*\)"$/\1/p'
}

page_members() {
	awk '
		/^\.S[hs]/ { owner = $2 == "struct" || $2 == "enum" ? $2 " " $3 : "" }
		owner && /^\.It (Va|Dv) / {
			sub(/^\.It (Va|Dv) /, "")
			gsub(/"/, "")
			print owner " " $0
		}' "$@"
}

# The functions and types of functions once more, for the compiler to compare.
declarations() {
	echo '#include <parproc.h>'
	synopsis "$@" | awk '
		function emit() {
			if (type)
				print type " " name "(" list ");"
			type = ""
		}
		function add(argument) {
			gsub(/"/, "", argument)
			list = list (list ? ", " : "") argument
		}
		$1 == ".Ft" { type = substr($0, 5) }
		$1 == ".Fo" { name = $2; list = "" }
		$1 == ".Fa" { add(substr($0, 5)) }
		$1 == ".Fc" { emit() }
		$1 == ".Fn" {
			name = $2
			list = ""
			n = split($0, part, "\"")
			for (i = 2; i <= n; i += 2)
				add(part[i])
			emit()
		}'
}

# Each display of EXAMPLES is a whole source file: PAGE-1.c and so on, in DIRECTORY.
extract_examples() { # extract_examples DIRECTORY PAGE...
	directory=$1
	shift
	for page; do
		awk -v stem="$directory/$(basename "$page" .3)" '
			/^\.Sh/ { is_in = $2 == "EXAMPLES" }
			/^\.Ed/ { file = "" }
			file {
				sub(/^\\&/, "")
				gsub(/\\\(aq/, "\047")
				gsub(/\\e/, "\\")
				print > file
			}
			is_in && /^\.Bd/ { file = stem "-" ++n ".c" }' "$page"
	done
}

compile() { # compile FILE
	# shellcheck disable=SC2086
	$cc $flags "$1"
}

# ---- checks ----

pages=
listed=$(sed -n 's/^notrans_dist_man_MANS += //p' "$top/doc/local.mk")
for page in $listed; do
	pages="$pages $top/$page"
done
for page in "$top"/doc/*.3; do
	case " $pages " in
	*" $page "*) ;;
	*) complain "$page: not in doc/local.mk" ;;
	esac
done

# shellcheck disable=SC2086
check_words() {
	header_names >"$scratch/header"
	page_names $pages >"$scratch/pages"
	compare "$scratch/header" "$scratch/pages" "functions and macros" || status=1
	header_values >"$scratch/header_values"
	page_values $pages >"$scratch/page_values"
	compare "$scratch/header_values" "$scratch/page_values" "constants" || status=1
	header_members >"$scratch/header_members"
	page_members $pages >"$scratch/page_members"
	compare "$scratch/header_members" "$scratch/page_members" "members" || status=1
}

# Each has a page of its name when all is installed, and links lead to one.
# shellcheck disable=SC2086
check_links() {
	man3=$scratch/man3
	mkdir "$man3"
	for page in $listed; do
		own=$(basename "$page" .3)
		first=$(awk '/^\.Sh/ { is_in = $2 == "NAME" } is_in && $1 == ".Nm" { print $2; exit }' \
			"$top/$page")
		[ "$first" = "$own" ] || complain "$page: it is the page of $first first"
		cp "$top/$page" "$man3"
	done
	twice=$("$top/doc/link_pages.sh" list $listed | cut -d' ' -f1 | sort | uniq -d)
	[ -z "$twice" ] || complain "in the NAME section of two pages:" $twice
	"$top/doc/link_pages.sh" install "$man3" $listed
	while read -r name; do
		[ -e "$man3/$name.3" ] || complain "$name: it has neither a page nor a link"
	done <"$scratch/header"
	for page in "$man3"/*.3; do
		name=$(basename "$page" .3)
		[ "$name" != libparproc ] || continue
		target=$(sed -n 's:^\.so man3/::p' "$page")
		page_names "$man3/${target:-$name.3}" | grep -qx "$name" ||
			complain "$name(3) leads to no page that has it in its SYNOPSIS"
	done
	awk '$1 == ".Xr" && $3 ~ /^3/ && $2 ~ /parproc|^pp_/ { print $2 }' $pages "$top"/doc/*.[1578] |
		sort -u >"$scratch/references"
	while read -r name; do
		[ -e "$man3/$name.3" ] || complain "$name(3) is referred to, and not there"
	done <"$scratch/references"
	"$top/doc/link_pages.sh" uninstall "$man3" $listed
	for page in $listed; do
		rm -f "$man3/$(basename "$page")"
	done
	rmdir "$man3" || complain "uninstalled pages stay"
}

# shellcheck disable=SC2086
check_code() {
	declarations $pages >"$scratch/declarations.c"
	compile "$scratch/declarations.c" || complain "a SYNOPSIS does not say what the header says"
	mkdir "$scratch/examples"
	extract_examples "$scratch/examples" $pages
	n_examples=0
	for page in $pages; do
		own=$(basename "$page" .3)
		[ -e "$scratch/examples/$own-1.c" ] || complain "$page: it has no example"
	done
	for example in "$scratch/examples"/*.c; do
		[ -e "$example" ] || break
		n_examples=$((n_examples + 1))
		compile "$example" || complain "an example in ${example##*/} does not compile"
	done
	echo "$n_examples examples, $(wc -l <"$scratch/header") functions and macros"
}

# What says something about a page, without the page's being bad, is left out by its options.
check_form() { # check_form PROGRAM ARGUMENT...
	if ! command -v "$1" >/dev/null; then
		echo "not looked at with $1, which is missing"
		return
	fi
	for page in "$top"/doc/*.[13578]; do
		"$@" "$page" >"$scratch/output" 2>&1 </dev/null
		if [ -s "$scratch/output" ]; then
			complain "$1 on ${page##*/}:"
			cat "$scratch/output"
		fi
	done
}

check_words
check_links
check_code
check_form mandoc -Tlint -W warning
check_form groff -mandoc -ww -z -Tutf8

# The checks have to see what is not so.
sees() { # sees WHAT COMMAND...: the command has to fail
	what=$1
	shift
	if "$@" >/dev/null 2>&1; then
		complain "not seen: $what"
	fi
}

echo pp_undocumented >>"$scratch/header"
sees "a function without a page" compare "$scratch/header" "$scratch/pages" x
sed 's/pp_call(pp_conn \*conn, const/pp_call(pp_conn *conn,/' "$scratch/declarations.c" \
	>"$scratch/other.c"
sees "another type in a SYNOPSIS" compile "$scratch/other.c"
sed '2s/^/int pp_undeclared = pp_undeclared_too();/' "$scratch/declarations.c" >"$scratch/other.c"
sees "code that does not compile" compile "$scratch/other.c"
exit $status
