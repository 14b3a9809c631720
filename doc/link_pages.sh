#!/bin/sh
# A page of section 3 describes several functions. For each name of its NAME section but its own
# there is one more page, which only says where to look (.so). These are made here when the pages
# are installed, so that a function is written down in its page and in no second list.
#
# usage: link_pages.sh list PAGE...                  prints "name page", a line for each
#        link_pages.sh install DIRECTORY PAGE...     PAGE: from the top of the source
#        link_pages.sh uninstall DIRECTORY PAGE...
set -eu

top=${0%/*}/..

names() { # names PAGE
	awk '/^\.Sh/ { is_in = $2 == "NAME" } is_in && $1 == ".Nm" { print $2 }' "$top/$1"
}

list() {
	for page; do
		own=${page##*/}
		own=${own%.3}
		for name in $(names "$page"); do
			[ "$name" = "$own" ] || echo "$name $own"
		done
	done
}

what=$1
shift
case $what in
list)
	list "$@"
	exit
	;;
install | uninstall)
	directory=$1
	shift
	;;
*)
	echo "link_pages.sh: what is $what?" >&2
	exit 2
	;;
esac
list "$@" | while read -r name own; do
	rm -f "$directory/$name.3"
	[ "$what" = install ] || continue
	echo ".so man3/$own.3" >"$directory/$name.3"
	chmod 644 "$directory/$name.3"
done
