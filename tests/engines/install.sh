# shellcheck shell=bash
# What `tests/run --engines` needs: podman with runc, the static binary as the README builds it, and three images: the
# two of config/docker and one for the tests. Sourced by tests/run, whose `cache`, `say` and `as_root` it uses; all of
# it lies in $cache/engines. The binary and the images are made anew at each run, the base image once.

engine_packages=(podman runc buildah conmon catatonit mmdebstrap busybox-static)
target=x86_64-unknown-linux-gnu
[ "$(uname -m)" = x86_64 ] || target=$(uname -m)-unknown-linux-gnu

# The storage is the tests' own: `podman images` of the machine shows none of it.
podman() {
  as_root env CONTAINERS_CONF="$PWD/tests/engines/containers.conf" podman \
    --root "$cache/engines/storage/root" --runroot "$cache/engines/storage/run" --log-level error "$@"
}

base_image() {
  local made=$cache/engines/base.tar
  if [ ! -s "$made" ]; then
    say "making a Debian image, which takes two minutes"
    as_root mmdebstrap -q --format=tar --variant=minbase --include=nginx-light,php-fpm bookworm "$made.new" >&2 && mv "$made.new" "$made"
  fi
  podman image exists phpeek-test-base || podman import -q "$made" phpeek-test-base >&2
}

install_engines() {
  local context=$cache/engines/context
  mkdir -p "$context" "$cache/engines/storage"
  say "building the static binary, which takes minutes"
  RUSTFLAGS='-C target-feature=+crt-static' CARGO_TARGET_DIR=$cache/engines/target \
    cargo build --release --target "$target" || return 1
  podman build -q --format docker -t phpeek-pm -f config/docker/Dockerfile "$cache/engines/target/$target/release" || return 1
  cp "$(command -v busybox)" "$context/busybox" &&
    podman build -q --format docker -t phpeek-test -f tests/engines/Dockerfile "$context" || return 1
  base_image &&
    podman build -q --format docker --build-arg BASE=phpeek-test-base -t phpeek-debian -f config/docker/Dockerfile.debian config/docker
}
