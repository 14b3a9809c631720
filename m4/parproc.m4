dnl Macros of parproc's configure.ac.

dnl PP_ENABLE(NAME, HELP): --enable-NAME, off by default, as $enable_NAME (yes or no).
AC_DEFUN([PP_ENABLE], [
AC_ARG_ENABLE([$1], [AS_HELP_STRING([--enable-$1], [$2])], [],
	[AS_VAR_SET(m4_bpatsubst([enable_$1], -, _), [no])])
])

dnl PP_REQUIRE(VARIABLE, MODULE, DEBIAN-PACKAGE): a library found by pkg-config. What is missing
dnl is collected, for one message about all of it in PP_REQUIRE_DONE.
AC_DEFUN([PP_REQUIRE], [
PKG_CHECK_MODULES([$1], [$2], [], [PP_MISSING([$2], [$3])])
])

AC_DEFUN([PP_REQUIRE_HEADER], [
AC_CHECK_HEADER([$1], [], [PP_MISSING([$1], [$2])])
])

AC_DEFUN([PP_MISSING], [
AC_MSG_WARN([$1 is missing (Debian package: $2)])
pp_missing="$pp_missing $2"
])

AC_DEFUN([PP_REQUIRE_DONE], [
AS_IF([test -n "$pp_missing"],
	[AC_MSG_ERROR([libraries are missing; on Debian: apt-get install$pp_missing])])
])

dnl PP_TRY_FLAGS(VARIABLE, FLAGS, IF-OK, [IF-NOT]): FLAGS in VARIABLE (CFLAGS or LDFLAGS).
AC_DEFUN([PP_TRY_FLAGS], [
AC_MSG_CHECKING([whether $CC takes $2])
pp_saved_cflags=$CFLAGS
pp_saved_ldflags=$LDFLAGS
CFLAGS="$CFLAGS -Werror"
$1="$$1 $2"
AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <stdio.h>]], [])], [pp_taken=yes], [pp_taken=no])
CFLAGS=$pp_saved_cflags
LDFLAGS=$pp_saved_ldflags
AC_MSG_RESULT([$pp_taken])
AS_IF([test $pp_taken = yes], [$3], [$4])
])

dnl PP_ADD_CFLAGS(VARIABLE, FLAGS): appends each of FLAGS that the compiler takes.
AC_DEFUN([PP_ADD_CFLAGS], [
m4_foreach_w([pp_flag], [$2],
	[PP_TRY_FLAGS([CFLAGS], m4_defn([pp_flag]), [$1="$$1 pp_flag"])])
])

AC_DEFUN([PP_ADD_LDFLAGS], [
m4_foreach_w([pp_flag], [$2],
	[PP_TRY_FLAGS([LDFLAGS], m4_defn([pp_flag]), [$1="$$1 pp_flag"])])
])

dnl PP_NEED_FLAGS(VARIABLE, FLAGS, OPTION): appends all of FLAGS or fails, naming OPTION.
AC_DEFUN([PP_NEED_FLAGS], [
PP_TRY_FLAGS([CFLAGS], [$2], [$1="$$1 $2"],
	[AC_MSG_ERROR([$CC does not take $2, which $3 needs])])
])

dnl PP_ADD_FORTIFY: only where it does something (glibc warns when there is no optimization).
AC_DEFUN([PP_ADD_FORTIFY], [
PP_TRY_FLAGS([CFLAGS], [-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2],
	[HARDEN_CFLAGS="$HARDEN_CFLAGS -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2"])
])
