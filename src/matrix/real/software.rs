//! Server programs: how each is told what to ask for, and what it answers to one that it lets in.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::shown;
use crate::model::scheme::Scheme;
use crate::model::version::TlsVersion;
use crate::tls::Server;
use crate::tls::remote::Question;

/// A server program and where it is.
#[derive(Clone)]
pub struct Software {
    row: &'static Row,
    program: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Make {
    OpenSsl,
    Nginx,
    Apache,
}

/// A program's name in `--server`, where to look for it, and how it tells its version.
struct Row {
    make: Make,
    name: &'static str,
    programs: &'static [&'static str],
    version: &'static str,
    question: Question,
}

/// Where systems keep servers that are in nobody's PATH.
const SBIN: &str = "/usr/sbin";
/// Apache wants the name of the ClientHello here, too.
const REQUEST: &[u8] = b"GET /cardcheck HTTP/1.0\r\nHost: matrix.cardcheck.test\r\n\r\n";

const ROWS: &[Row] = &[
    Row {
        make: Make::OpenSsl,
        name: "openssl",
        programs: &["openssl"],
        version: "version",
        question: Question {
            bytes: REQUEST,
            answered: |answer| answered(answer, 200),
        },
    },
    Row {
        make: Make::Nginx,
        name: "nginx",
        programs: &["nginx"],
        version: "-v",
        question: Question {
            bytes: REQUEST,
            answered: |answer| answered(answer, 204),
        },
    },
    Row {
        make: Make::Apache,
        name: "apache",
        programs: &["apache2", "httpd"],
        version: "-v",
        // it looks for the page, which isn't there, only for one that it lets in
        question: Question {
            bytes: REQUEST,
            answered: |answer| answered(answer, 404),
        },
    },
];

const NGINX: &str = "\
daemon off;
master_process off;
error_log stderr;
pid DIR/pid;
events {}
http {
  access_log off;
  client_body_temp_path DIR/body;
  proxy_temp_path DIR/proxy;
  fastcgi_temp_path DIR/fastcgi;
  uwsgi_temp_path DIR/uwsgi;
  scgi_temp_path DIR/scgi;
  server {
    listen ADDRESS ssl;
    ssl_protocols VERSION;
    ssl_ciphers ALL:@SECLEVEL=0;
    ssl_conf_command ClientSignatureAlgorithms LIST;
    ssl_certificate CERTIFICATES/server.crt;
    ssl_certificate_key CERTIFICATES/server.key;
    ssl_session_tickets off;
    NAMES
    ssl_verify_client optional_no_ca;
    location / {
      if ($ssl_client_serial = '') { return 403; }
      return 204;
    }
  }
}
";

const APACHE: &str = "\
ServerRoot DIR
ServerName localhost
DefaultRuntimeDir DIR
PidFile DIR/pid
ErrorLog DIR/log
Listen ADDRESS
MODULES
<IfModule unixd_module>
User #65534
Group #65534
</IfModule>
SSLSessionCache none
SSLEngine on
SSLProtocol -all +VERSION
SSLCipherSuite ALL:@SECLEVEL=0
SSLOpenSSLConfCmd ClientSignatureAlgorithms LIST
SSLCertificateFile CERTIFICATES/server.crt
SSLCertificateKeyFile CERTIFICATES/server.key
NAMES
SSLVerifyClient optional_no_ca
<Location />
Require expr \"%{SSL_CLIENT_M_SERIAL} != ''\"
</Location>
";

/// The names count only where there is trust, too; in whom is the same.
const APACHE_NAMES: &str = "\
SSLCACertificateFile CERTIFICATES/server.crt
SSLCADNRequestFile DIR/names.pem";

const APACHE_MODULES: &[&str] = &["mpm_event", "unixd", "authz_core", "ssl"];
const APACHE_MODULE_DIRS: &[&str] = &[
    "/usr/lib/apache2/modules",
    "/usr/lib64/httpd/modules",
    "/usr/lib/httpd/modules",
];

impl Software {
    /// `openssl`, `openssl=PATH`, `nginx`, `apache`, as `--server` takes them.
    ///
    /// # Errors
    /// No such software; a sentence.
    pub fn parse(text: &str) -> Result<Software, String> {
        let (name, path) = match text.split_once('=') {
            Some((name, path)) => (name, Some(PathBuf::from(path))),
            None => (text, None),
        };
        let row = ROWS.iter().find(|row| row.name == name).ok_or_else(|| {
            let names: Vec<&str> = ROWS.iter().map(|row| row.name).collect();
            format!("it takes {}, each with =PATH if need be", names.join(", "))
        })?;
        Ok(Software {
            row,
            program: path.unwrap_or_else(|| find(row.programs)),
        })
    }

    /// What the program calls itself.
    ///
    /// # Errors
    /// It can't be run; a sentence.
    pub fn version(&self) -> Result<String, String> {
        let asked = Command::new(&self.program)
            .arg(self.row.version)
            .stdin(Stdio::null())
            .output();
        let asked = asked.map_err(|error| format!("{self} can't be run: {error}"))?;
        let said = [asked.stdout, asked.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        let line = said.lines().map(str::trim).find(|line| !line.is_empty());
        let line = line.ok_or_else(|| format!("{self} does not tell its version"))?;
        let (_, version) = line.split_once("version: ").unwrap_or(("", line));
        let (version, _) = version.split_once(" (Library:").unwrap_or((version, ""));
        Ok(version.to_owned())
    }

    pub(super) fn question(&self) -> &'static Question {
        &self.row.question
    }

    /// The program, told to ask for what `server` asks for at `address`. `dir` is for its own files.
    ///
    /// # Errors
    /// A configuration file could not be written.
    pub(super) fn command(
        &self,
        server: &Server,
        address: SocketAddr,
        certificates: &Path,
        dir: &Path,
    ) -> io::Result<Command> {
        let mut command = Command::new(&self.program);
        let config = dir.join("config");
        let fill = |template: &str, names: &str| {
            let filled = template
                .replace("LIST", &list(&server.schemes))
                .replace(
                    "NAMES",
                    if server.ca_names.is_empty() {
                        ""
                    } else {
                        names
                    },
                )
                .replace("CERTIFICATES", &shown(certificates))
                .replace("ADDRESS", &address.to_string())
                .replace("VERSION", version_name(server.version))
                .replace("MODULES", &apache_modules())
                .replace("DIR", &shown(dir));
            std::fs::write(&config, filled)
        };
        match self.row.make {
            Make::OpenSsl => s_server(&mut command, server, address, certificates, dir),
            Make::Nginx => {
                fill(NGINX, "ssl_client_certificate DIR/names.pem;")?;
                command.args(["-e", "stderr", "-c"]).arg(config);
            }
            Make::Apache => {
                fill(APACHE, APACHE_NAMES)?;
                command.args(["-X", "-f"]).arg(config);
            }
        }
        Ok(command)
    }
}

impl fmt::Debug for Software {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Software({self})")
    }
}

impl fmt::Display for Software {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.program.display())
    }
}

/// `openssl s_server` that takes anybody's certificate, but insists on one.
fn s_server(
    command: &mut Command,
    server: &Server,
    address: SocketAddr,
    certificates: &Path,
    dir: &Path,
) {
    let version = match server.version {
        TlsVersion::V1_2 => "-tls1_2",
        TlsVersion::V1_3 => "-tls1_3",
    };
    command
        .args(["s_server", "-www", "-Verify", "1", version])
        // the profile's list is what is to go out, whatever this OpenSSL thinks of SHA-1
        .args(["-cipher", "ALL:@SECLEVEL=0"])
        .args(["-accept", &address.to_string()])
        .args(["-client_sigalgs", &list(&server.schemes)])
        .arg("-cert")
        .arg(certificates.join("server.crt"))
        .arg("-key")
        .arg(certificates.join("server.key"));
    if !server.ca_names.is_empty() {
        command.arg("-CAfile").arg(dir.join("names.pem"));
    }
}

/// In OpenSSL's syntax.
fn list(schemes: &[Scheme]) -> String {
    let names = schemes.iter().filter_map(|scheme| scheme.openssl_name());
    names.collect::<Vec<_>>().join(":")
}

fn version_name(version: TlsVersion) -> &'static str {
    match version {
        TlsVersion::V1_2 => "TLSv1.2",
        TlsVersion::V1_3 => "TLSv1.3",
    }
}

/// Modules that are there; what isn't is built in.
fn apache_modules() -> String {
    let dirs = APACHE_MODULE_DIRS.iter().map(Path::new);
    let dir = dirs.into_iter().find(|dir| dir.is_dir());
    let line = |module: &&str| {
        let file = dir?.join(format!("mod_{module}.so"));
        let known = file.is_file();
        known.then(|| format!("LoadModule {module}_module {}", shown(&file)))
    };
    let lines: Vec<String> = APACHE_MODULES.iter().filter_map(line).collect();
    lines.join("\n")
}

/// The first of these programs that is where servers are kept; else it is left to PATH.
fn find(programs: &[&str]) -> PathBuf {
    let in_sbin = programs.iter().map(|program| Path::new(SBIN).join(program));
    let found = in_sbin.into_iter().find(|path| path.is_file());
    found.unwrap_or_else(|| programs.first().copied().unwrap_or_default().into())
}

/// What the status line says; `None`: it isn't all there yet.
fn answered(answer: &[u8], welcome: u16) -> Option<Result<(), String>> {
    let line = answer.split(|byte| *byte == b'\n').next()?;
    if line.len() == answer.len() {
        return None;
    }
    let line = String::from_utf8_lossy(line);
    let status = line
        .split(' ')
        .nth(1)
        .and_then(|code| code.trim().parse().ok());
    Some(match status {
        Some(status) if status == welcome => Ok(()),
        Some(status) => Err(http_refusal(status)),
        None => Err(format!(
            "the server answered `{}`",
            line.trim().escape_debug()
        )),
    })
}

fn http_refusal(status: u16) -> String {
    match status {
        403 => "the server requires a certificate, and answers HTTP 403 without one".into(),
        _ => format!("the server answered HTTP {status}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_named_as_people_name_it() {
        assert!(Software::parse("nginx").is_ok());
        let own = Software::parse("openssl=/opt/openssl-1.1.1/bin/openssl").unwrap();
        assert_eq!(own.to_string(), "/opt/openssl-1.1.1/bin/openssl");
        assert_eq!(
            Software::parse("iis").unwrap_err(),
            "it takes openssl, nginx, apache, each with =PATH if need be"
        );
    }

    #[test]
    fn the_status_line_says_whether_the_client_is_in() {
        assert_eq!(answered(b"HTTP/1.0 200", 200), None);
        assert_eq!(answered(b"HTTP/1.0 200 ok\r\n", 200), Some(Ok(())));
        let refused = answered(b"HTTP/1.1 403 Forbidden\r\nServer:", 204).unwrap();
        assert!(refused.unwrap_err().contains("HTTP 403"));
        assert!(answered(b"hello\n", 200).unwrap().is_err());
    }
}
