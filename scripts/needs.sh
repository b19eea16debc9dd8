# shellcheck shell=bash
# What the scripts beside this one share; they source it. Sets `root` and goes there.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit 3

say() { echo "$*" >&2; }

# Exit code 3 is the environment's, as in cardcheck itself.
give_up() {
  say "error: $*"
  exit 3
}

# Of the words `PACKAGE=THING` given, those whose THING is not there: a command's name, or a pattern of paths.
missing() {
  local word thing
  for word in "$@"; do
    thing=${word#*=}
    case $thing in
      /*) compgen -G "$thing" >/dev/null || echo "${word%%=*}" ;;
      *) command -v "$thing" >/dev/null || echo "${word%%=*}" ;;
    esac
  done
}

# Debian's name of a package for another system's manager.
package_for() {
  case $1:$2 in
    *:softhsm2) echo softhsm ;;
    brew:build-essential) echo gcc ;;
    pacman:build-essential) echo base-devel ;;
    dnf:build-essential) echo gcc ;;
    dnf:libengine-pkcs11-openssl) echo openssl-pkcs11 ;;
    *:libengine-pkcs11-openssl) echo libp11 ;;
    pacman:apache2-bin) echo apache ;;
    *:apache2-bin) echo httpd ;;
    dnf:libnss3-tools) echo nss-tools ;;
    *:libnss3-tools) echo nss ;;
    dnf:gnutls-bin) echo gnutls-utils ;;
    *:gnutls-bin) echo gnutls ;;
    dnf:default-jdk-headless) echo java-latest-openjdk-devel ;;
    brew:default-jdk-headless) echo openjdk ;;
    *:default-jdk-headless) echo jdk-openjdk ;;
    dnf:p11-kit-modules) echo p11-kit-server ;;
    *:p11-kit-modules) echo p11-kit ;;
    *:firefox-esr) echo firefox ;;
    pacman:python3-junitparser) echo python-junitparser ;;
    *:opensc-pkcs11) echo opensc ;;
    dnf:pcscd) echo pcsc-lite ;;
    *:pcscd) echo pcsclite ;;
    *:stunnel4) echo stunnel ;;
    *:exim4-daemon-light) echo exim ;;
    dnf:dovecot-managesieved) echo dovecot-pigeonhole ;;
    pacman:dovecot-managesieved) echo pigeonhole ;;
    *:dovecot-*) echo dovecot ;;
    dnf:postgresql) echo postgresql-server ;;
    dnf:slapd) echo openldap-servers ;;
    *:slapd) echo openldap ;;
    *:ykcs11) echo yubico-piv-tool ;;
    *:libnss3) echo nss ;;
    dnf:mariadb-server-core) echo mariadb-server ;;
    *:mariadb-server-core) echo mariadb ;;
    dnf:openssh-client) echo openssh-clients ;;
    pacman:openssh-*) echo openssh ;;
    *) echo "$2" ;;
  esac
}

# What a user of that package manager types.
install_line() {
  local manager=$1 package line
  shift
  case $manager in
    dnf) line="sudo dnf install" ;;
    pacman) line="sudo pacman -S" ;;
    brew) line="brew install" ;;
  esac
  for package in "$@"; do line+=" $(package_for "$manager" "$package")"; done
  echo "$line"
}

how_to_install() {
  local manager found=""
  for manager in dnf pacman brew; do
    command -v "$manager" >/dev/null && found=$manager
  done
  for manager in ${found:-dnf pacman brew}; do say "  $(install_line "$manager" "$@")"; done
}

apt_install() {
  local -a as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || give_up "not root, and no sudo; as root: apt-get install $*"
    as_root=(sudo)
  fi
  say "installing with apt-get: $*"
  # stdout is the caller's result; apt's chatter is not
  ${as_root[@]+"${as_root[@]}"} apt-get update -qq >&2 || say "apt-get update failed; trying with the lists there are"
  ${as_root[@]+"${as_root[@]}"} env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y -o Dpkg::Use-Pty=0 --no-install-recommends "$@" >&2
}

# Installs what is missing of `PACKAGE=THING`.. with apt-get; on other systems says what to type.
need() {
  local -a packages
  read -r -a packages <<<"$(missing "$@" | sort -u | tr '\n' ' ')"
  [ ${#packages[@]} -gt 0 ] || return 0
  if ! command -v apt-get >/dev/null; then
    say "missing here: ${packages[*]} (Debian's names). Install them, then run this again:"
    how_to_install "${packages[@]}"
    exit 3
  fi
  apt_install "${packages[@]}" || give_up "apt-get could not install ${packages[*]}"
  [ -z "$(missing "$@")" ] || give_up "still missing after apt-get: $(missing "$@" | tr '\n' ' ')"
}

need_cargo() {
  command -v cargo >/dev/null || give_up "cargo not found: install Rust with rustup or your package manager"
}

# Where cargo builds to, whether by default, CARGO_TARGET_DIR or a configuration file.
target_dir() {
  cargo metadata --locked --no-deps --format-version 1 | sed 's/.*"target_directory":"\([^"]*\)".*/\1/'
}
