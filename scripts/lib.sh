# shellcheck shell=bash
# What the scripts share: installing what is missing, configuring and building in a directory of
# its own below build/. Sourced by bash, with the repository as working directory.

# shellcheck disable=SC2034 # these are for who sources this

build_packages=(gcc make autoconf automake libtool pkg-config libevent-dev libjansson-dev
	libsqlite3-dev libunistring-dev libyaml-dev uthash-dev)
test_packages=(libcriterion-dev python3 clang libclang-rt-dev clang-format tmux graphviz abigail-tools
	zsh fish)
analysis_packages=(clang cppcheck shellcheck valgrind)
# Without these a test says what it leaves out.
optional_packages=(chromium)

say() {
	printf '\n== %s\n' "$*"
}

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# Installs those Debian packages that are not there. Does nothing on another distribution, where
# configure names what is missing.
install_packages() {
	local missing=() package status

	command -v dpkg-query >/dev/null || return 0
	for package; do
		status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || status=
		[[ $status == installed ]] || missing+=("$package")
	done
	((${#missing[@]})) || return 0

	local as_root=()
	if ((EUID != 0)); then
		command -v sudo >/dev/null ||
			die "packages are missing; as root: apt-get install ${missing[*]}"
		as_root=(sudo)
	fi
	say "installing ${missing[*]}"
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -q
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y \
		--no-install-recommends "${missing[@]}"
}

# The same, one by one, for what can be done without: where one cannot be installed, that is said.
install_optional_packages() {
	local package

	for package; do
		(install_packages "$package") || say "$package is not installed; going on without"
	done
}

# Makes ./configure and Makefile.in when they are not there or older than what they are made from.
# Done here, once, so that several builds at a time never do it each.
bootstrap_if_needed() {
	(
		flock 9
		if [[ ! -e configure || ! -e Makefile.in ]] ||
			[[ -n $(find configure.ac Makefile.am m4/parproc.m4 -newer Makefile.in) ]] ||
			[[ -n $(find . -path ./build -prune -o -name local.mk -newer Makefile.in -print) ]]
		then
			./bootstrap
		fi
	) 9<bootstrap
}

# build_in DIR [MAKE-ARGUMENT...] -- CONFIGURE-ARGUMENT...: configures DIR, unless that was done with
# these arguments already, and runs make there, with JOBS jobs (default: one a processor).
build_in() {
	local dir=$1 make_arguments=() arguments source=$PWD
	shift
	while [[ $1 != -- ]]; do
		make_arguments+=("$1")
		shift
	done
	shift
	arguments=$(printf '%q ' "$@")

	bootstrap_if_needed
	mkdir -p "$dir"
	if [[ ! -e $dir/config.status || $(<"$dir/.configured-with") != "$arguments" ]]; then
		(cd "$dir" && "$source/configure" --quiet "$@") ||
			die "configure failed, see $dir/config.log"
		printf '%s\n' "$arguments" >"$dir/.configured-with"
	fi
	make --no-print-directory -C "$dir" -j"${JOBS:-$(nproc)}" "${make_arguments[@]}"
}

# What is analyzed, by programs that read it or that run it: make's arguments are what to make.
build_for_analysis() {
	build_in build/analyzed "$@" -- CC="$(compiler gcc)" --enable-plain-tests --enable-faults
}

# The compiler's command, through ccache where that is installed.
compiler() {
	if command -v ccache >/dev/null; then
		printf 'ccache %s\n' "$1"
	else
		printf '%s\n' "$1"
	fi
}
