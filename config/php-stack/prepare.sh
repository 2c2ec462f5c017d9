#!/bin/sh
# Renders nginx's configuration into $STACK_RUN.
set -eu
mkdir -p "$STACK_RUN"
# nginx would take relative names from its prefix.
files=$(cd "$STACK_FILES" && pwd)
sed -e "s|@RUN@|$STACK_RUN|g" -e "s|@FILES@|$files|g" -e "s|@PORT@|$STACK_PORT|g" "$files/nginx.conf.in" >"$STACK_RUN/nginx.conf.new"
mv "$STACK_RUN/nginx.conf.new" "$STACK_RUN/nginx.conf"
