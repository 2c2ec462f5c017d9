# shellcheck shell=bash
# What `tests/run --backends` needs beyond the other tiers: the OpenTelemetry Collector, Zipkin, Loki, and the SDKs of the
# children that join a trace. Sourced by tests/run, whose `cache` and `say` it uses; everything lands in $cache
# and is kept there until its version changes. Jaeger is tests/run's own: tier 3 wants it too.

collector_builder_version=v0.159.0
zipkin_version=3.6.1

# kept NAME KEY FILE COMMAND...: runs COMMAND unless FILE is there and was made for KEY. COMMAND is part of a condition,
# where `set -e` does not act: it chains its steps itself.
kept() {
  local name=$1 key=$2 file=$3 start=$SECONDS
  shift 3
  [ -s "$file" ] && [ "$(cat "$cache/$name.key" 2>/dev/null)" = "$key" ] && return
  rm -rf "$cache/$name.key" "$file" # what is left of another version must not pass for this one
  say "installing $name"
  "$@" || { say "$name could not be installed"; return 1; }
  [ -s "$file" ] || { say "$name: $file was not made"; return 1; }
  printf '%s' "$key" >"$cache/$name.key"
  say "$name: installed in $((SECONDS - start)) s"
}

key_of() { cat "$@" | sha256sum | cut -c1-16; }

# The builder takes the sources by Go's module proxy and checks them by its checksum database.
build_collector() (
  command -v go >/dev/null || { say "Go 1.25 or later is needed to build the Collector"; exit 1; }
  export CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS='-buildvcs=false -modcacherw'
  rm -rf "$cache/build/collector" && mkdir -p "$cache/build/collector" &&
    cp tests/backends/collector/manifest.yaml "$cache/build/collector/" &&
    GOBIN=$cache/bin go install "go.opentelemetry.io/collector/cmd/builder@$collector_builder_version" &&
    cd "$cache/build/collector" &&
    env -u GOBIN "$cache/bin/builder" --config manifest.yaml &&
    mv otelcol/otelcol "$cache/bin/otelcol"
)

# As tests/run builds Jaeger: as a tool of a module of our own, and what the checksum database lacks is vouched for by the
# verified module.
build_loki() (
  command -v go >/dev/null || { say "Go 1.26 or later is needed to build Loki"; exit 1; }
  export CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS='-buildvcs=false -modcacherw -mod=mod'
  rm -rf "$cache/build/loki" && mkdir -p "$cache/build/loki" && cp tests/backends/loki/go.mod "$cache/build/loki/" &&
    cd "$cache/build/loki" &&
    sources=$(go list -m -f '{{.Dir}}' github.com/grafana/loki/v3) &&
    cat "$sources/go.sum" >>go.sum &&
    env -u GOBIN go build -trimpath -ldflags='-s -w' -o "$cache/bin/loki.new" github.com/grafana/loki/v3/cmd/loki &&
    mv "$cache/bin/loki.new" "$cache/bin/loki"
)

get_zipkin() (
  mkdir -p "$cache/build" &&
    mvn -B -q dependency:copy -Dartifact="io.zipkin:zipkin-server:$zipkin_version:jar:exec" \
      -DoutputDirectory="$cache/build" -Dmdep.overWriteSnapshots=true &&
    mv "$cache/build/zipkin-server-$zipkin_version-exec.jar" "$cache/bin/zipkin.jar"
)

get_python_sdk() (
  rm -rf "$cache/children/python" &&
    python3 -m venv "$cache/children/python" &&
    "$cache/children/python/bin/pip" install -q --disable-pip-version-check -r tests/backends/children/requirements.txt
)

get_node_sdk() (
  mkdir -p "$cache/children/node" &&
    cp tests/backends/children/package.json "$cache/children/node/" &&
    cd "$cache/children/node" &&
    npm install --silent --no-fund --no-audit
)

# Programs that a machine may have from elsewhere: Debian's packages only where there are none.
backend_packages() {
  command -v java >/dev/null || printf '%s\n' default-jre-headless
  command -v mvn >/dev/null || printf '%s\n' maven
  command -v node >/dev/null || printf '%s\n' nodejs
  command -v npm >/dev/null || printf '%s\n' npm
}

# Installs all that can be installed; fails when one of them could not.
install_backends() {
  local children=tests/backends/children well=0
  mkdir -p "$cache/children"
  kept zipkin "$zipkin_version" "$cache/bin/zipkin.jar" get_zipkin || well=1
  kept python-sdk "$(key_of $children/requirements.txt)" "$cache/children/python/bin/python" get_python_sdk || well=1
  kept node-sdk "$(key_of $children/package.json)" "$cache/children/node/package-lock.json" get_node_sdk || well=1
  kept collector "$collector_builder_version $(key_of tests/backends/collector/manifest.yaml)" "$cache/bin/otelcol" build_collector || well=1
  kept loki "$(key_of tests/backends/loki/go.mod)" "$cache/bin/loki" build_loki || well=1
  return $well
}
