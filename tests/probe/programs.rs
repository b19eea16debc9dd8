//! Real servers, each with the certificates of a `Pki`: the CAs that they want clients of are in its `clients.pem`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::pki::Pki;
use crate::started::Started;
use crate::truth::{Peer, free_address};

/// `openssl s_server`.
pub(crate) fn s_server(pki: &Pki, args: &str) -> Peer {
    Peer::start(&pki.path("s_server.log"), |address| {
        s_server_at(pki, address, args)
    })
}

pub(crate) fn s_server_at(pki: &Pki, address: SocketAddr, args: &str) -> Command {
    let mut server = Command::new("openssl");
    server
        .args(["s_server", "-quiet", "-accept", &address.to_string()])
        .arg("-cert")
        .arg(pki.path("server.crt"))
        .arg("-key")
        .arg(pki.path("server.key"))
        .arg("-CAfile")
        .arg(pki.path("clients.pem"))
        .args(args.split_whitespace());
    server
}

const NGINX: &str = r"
daemon off;
master_process off;
pid DIR/nginx.pid;
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
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_certificate DIR/server.crt;
    ssl_certificate_key DIR/server.key;
    ssl_client_certificate DIR/clients.pem;
    HOW
    location / { return 200 'in'; }
    location /board { return 403; }
    location /moved { return 302 https://help.example/card; }
  }
}
";

/// nginx with these lines in its `server`.
pub(crate) fn nginx(pki: &Pki, how: &str) -> Peer {
    Peer::start(&pki.path("nginx.log"), |address| {
        write(pki, "nginx.conf", NGINX, address, how);
        let mut server = Command::new("nginx");
        server
            .args(["-e", "stderr", "-c"])
            .arg(pki.path("nginx.conf"));
        server
    })
}

const APACHE: &str = r#"
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so
ServerRoot DIR
ServerName localhost
DefaultRuntimeDir DIR
PidFile DIR/apache.pid
ErrorLog DIR/apache.log
DocumentRoot DIR/pages
Listen ADDRESS
User www-data
Group www-data
SSLEngine on
SSLCertificateFile DIR/server.crt
SSLCertificateKeyFile DIR/server.key
SSLCACertificateFile DIR/clients.pem
HOW
"#;

/// Apache with these lines.
pub(crate) fn apache(pki: &Pki, how: &str) -> Peer {
    std::fs::create_dir_all(pki.path("pages")).unwrap();
    std::fs::write(pki.path("pages/index.html"), "in").unwrap();
    pki.open_to_all();
    Peer::start(&pki.path("out.log"), |address| {
        write(pki, "apache.conf", APACHE, address, how);
        let mut server = Command::new("apache2");
        server.args(["-X", "-f"]).arg(pki.path("apache.conf"));
        server
    })
}

fn write(pki: &Pki, name: &str, config: &str, address: SocketAddr, how: &str) {
    let config = config
        .replace("DIR", pki.dir().to_str().unwrap())
        .replace("ADDRESS", &address.to_string())
        .replace("HOW", how);
    std::fs::write(pki.path(name), config).unwrap();
}

/// gnutls-serv, which listens on every address there is.
pub(crate) fn gnutls_serv(pki: &Pki, args: &str) -> Peer {
    Peer::start(&pki.path("gnutls.log"), |address| {
        let mut server = Command::new("gnutls-serv");
        server
            .args(["--http", "--port", &address.port().to_string()])
            .arg("--x509certfile")
            .arg(pki.path("server.crt"))
            .arg("--x509keyfile")
            .arg(pki.path("server.key"))
            .arg("--x509cafile")
            .arg(pki.path("clients.pem"))
            .args(args.split_whitespace());
        server
    })
}

/// NSS' selfserv; its database must be there.
pub(crate) fn selfserv(pki: &Pki, args: &str) -> Peer {
    Peer::start(&pki.path("selfserv.log"), |address| {
        let mut server = Command::new("selfserv");
        server
            .args(["-n", "server", "-V", "tls1.2:tls1.3", "-p"])
            .arg(address.port().to_string())
            .arg("-d")
            .arg(format!("sql:{}", pki.path("nss").display()))
            .args(args.split_whitespace());
        server
    })
}

/// The server's key and the client CA, where NSS wants them.
pub(crate) fn nss_database(pki: &Pki) {
    std::fs::create_dir(pki.path("nss")).unwrap();
    let database = format!("sql:{}", pki.path("nss").display());
    let run = |program: &str, args: &[&str]| {
        let mut command = Command::new(program);
        command.args(args).current_dir(pki.dir());
        Started::start(command, &pki.path("nss.log")).succeed();
    };
    let new = ["-N", "--empty-password", "-d", &database];
    run("certutil", &new);
    let bundle = "pkcs12 -export -in server.crt -inkey server.key -name server -passout pass:x -out server.p12";
    run("openssl", &bundle.split(' ').collect::<Vec<_>>());
    run(
        "pk12util",
        &["-i", "server.p12", "-W", "x", "-d", &database],
    );
    run(
        "certutil",
        &[
            "-A",
            "-n",
            "clients",
            "-t",
            "T,,",
            "-i",
            "clients.pem",
            "-d",
            &database,
        ],
    );
}

/// stunnel with these lines, before nothing.
pub(crate) fn stunnel(pki: &Pki, lines: &str) -> Peer {
    let inside = free_address();
    Peer::start(&pki.path("stunnel.log"), |address| {
        let config = format!(
            "foreground = yes\npid =\n[probe]\naccept = {address}\nconnect = {inside}\ncert = {}\nCAfile = {}\n{lines}\n",
            pki.path("server.pem").display(),
            pki.path("clients.pem").display()
        );
        std::fs::write(pki.path("stunnel.conf"), config).unwrap();
        let mut server = Command::new("stunnel4");
        server.arg(pki.path("stunnel.conf"));
        server
    })
}

/// HAProxy, which answers by itself; `verify` is its word for how it asks, if it does.
pub(crate) fn haproxy(pki: &Pki, verify: &str) -> Peer {
    Peer::start(&pki.path("haproxy.log"), |address| {
        let dir = pki.dir().display();
        let ca = match verify {
            "" => String::new(),
            verify => format!("ca-file {dir}/clients.pem {verify}"),
        };
        let config = format!(
            "defaults\n mode http\n timeout client 30s\n timeout connect 5s\n timeout server 5s\nfrontend probe\n \
             bind {address} ssl crt {dir}/server.pem alpn http/1.1 {ca}\n http-request return status 200\n"
        );
        std::fs::write(pki.path("haproxy.cfg"), config).unwrap();
        let mut server = Command::new("haproxy");
        server.arg("-db").arg("-f").arg(pki.path("haproxy.cfg"));
        server
    })
}

/// Debian keeps the programs of each version in a directory of its own.
pub(crate) fn postgres_programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql");
    let found = versions
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path().join("bin"));
    found.max().unwrap_or_else(|| "/usr/lib/postgresql".into())
}

/// An empty database, in `data`.
pub(crate) fn postgres_database(pki: &Pki, bin: &Path) {
    pki.open_to_all();
    let run = |mut command: Command| {
        command.current_dir(pki.dir());
        Started::start(command, &pki.path("setup.log")).succeed();
    };
    let mut initdb = unprivileged(bin.join("initdb"));
    initdb
        .args(["--no-sync", "-A", "trust", "-U", "postgres", "-D"])
        .arg(pki.path("data"));
    run(initdb);
    let mut key = Command::new("install");
    key.args(["-o", "postgres", "-m", "600", "server.key", "postgres.key"]);
    run(key);
}

/// PostgreSQL on that database; `clientcert` is its word in pg_hba.conf.
pub(crate) fn postgres(pki: &Pki, bin: &Path, clientcert: &str) -> Peer {
    let data = pki.path("data");
    std::fs::write(
        data.join("pg_hba.conf"),
        format!("hostssl all all 0.0.0.0/0 trust {clientcert}\n"),
    )
    .unwrap();
    Peer::start(&pki.path("postgres.log"), |address| {
        let dir = pki.dir().display();
        let mut server = unprivileged(bin.join("postgres"));
        server.arg("-D").arg(&data);
        for setting in [
            format!("listen_addresses={}", address.ip()),
            format!("port={}", address.port()),
            "unix_socket_directories=".to_owned(),
            "ssl=on".to_owned(),
            format!("ssl_cert_file={dir}/server.crt"),
            format!("ssl_key_file={dir}/postgres.key"),
            format!("ssl_ca_file={dir}/clients.pem"),
        ] {
            server.arg("-c").arg(setting);
        }
        server
    })
}

/// As the user `postgres`, in its place and not below it: it refuses to run as root.
fn unprivileged(program: PathBuf) -> Command {
    let mut command = Command::new("setpriv");
    command
        .args([
            "--reuid",
            "postgres",
            "--regid",
            "postgres",
            "--clear-groups",
        ])
        .arg(program);
    command
}
