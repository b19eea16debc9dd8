//! Real Apache and nginx with the line that `matrix` advises: NSS' `tstclnt` gets in with the key whose token lies, and without
//! the line it is refused. Servers on loopback, with a configuration and a directory of their own.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};

use crate::desk::Desk;
use crate::libraries::Nss;
use crate::started::Started;
use crate::support::{PIN, need};

const TOKEN: &str = "lying-rsa";
const KEY: &str = "rsa-2048";
const REQUEST: &str = "GET / HTTP/1.0\r\n\r\n";

/// Where the server's administrator writes.
struct Software {
    /// In the report, and the program's.
    name: &'static str,
    program: &'static str,
    args: &'static [&'static str],
    /// The last byte of its loopback address.
    host: u8,
    /// What stands there where the advice is not followed.
    default: &'static str,
    /// DIR, ADDRESS and ADVICE are filled in.
    config: &'static str,
}

const APACHE: Software = Software {
    name: "apache",
    program: "apache2",
    args: &["-X", "-f"],
    host: 1,
    default: "",
    config: r#"
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so
ServerRoot DIR
ServerName localhost
DefaultRuntimeDir DIR
PidFile DIR/apache.pid
ErrorLog DIR/apache.log
Listen ADDRESS
User www-data
Group www-data
SSLEngine on
SSLCertificateFile DIR/server.crt
SSLCertificateKeyFile DIR/server.key
SSLCACertificateFile DIR/keys/ca.cert.pem
SSLVerifyClient require
ADVICE
"#,
};

const NGINX: Software = Software {
    name: "nginx",
    program: "nginx",
    args: &["-e", "stderr", "-c"],
    host: 2,
    default: "ssl_protocols TLSv1.2 TLSv1.3;",
    config: r"
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
    ADVICE
    ssl_certificate DIR/server.crt;
    ssl_certificate_key DIR/server.key;
    ssl_client_certificate DIR/keys/ca.cert.pem;
    ssl_verify_client on;
    location / { return 204; }
  }
}
",
};

#[test]
fn apache_with_the_advised_line_lets_the_lying_token_in() {
    the_advice_lets_in(&APACHE);
}

#[test]
fn nginx_with_the_advised_line_lets_the_lying_token_in() {
    the_advice_lets_in(&NGINX);
}

#[track_caller]
fn the_advice_lets_in(software: &Software) {
    if need(&[software.program]).is_none() {
        return;
    }
    let Some(desk) = Desk::of(&Nss, &["bench", TOKEN]) else {
        return;
    };
    desk.lab.write("request", REQUEST);
    let advice = advice(&desk, software);
    // whatever the client speaks: the advice ends TLS 1.3 as well
    for tls in ["tls1.2:tls1.2", "tls1.2:tls1.3"] {
        let said = log_in(&desk, software, "", tls);
        let refused = said.contains("SEC_ERROR_INVALID_ALGORITHM") && !said.contains("HTTP/1.1 ");
        assert!(refused, "without the advice, {tls}: {said}");
        let said = log_in(&desk, software, &advice, tls);
        assert!(said.contains("HTTP/1.1 "), "with {advice}, {tls}: {said}");
        assert!(
            !said.contains("HTTP/1.1 400"),
            "no certificate came: {said}"
        );
    }
}

/// What `matrix` tells the administrator of such a server to write, proven.
fn advice(desk: &Desk, software: &Software) -> String {
    let matrix = desk.lab.matrix(TOKEN).arg("--key").arg(KEY);
    let ran = matrix
        .args("--client firefox --profile openssl-3.0 --format json")
        .run();
    let report = ran.report();
    let remedies = report.finding("pss-listed-but-refused")["remedies"].clone();
    let remedies = remedies.as_array().unwrap();
    let remedy = remedies
        .iter()
        .find(|remedy| remedy["software"] == software.name)
        .unwrap();
    assert_eq!(remedy["proven"], true, "{remedy:#}");
    remedy["snippet"].as_str().unwrap().to_owned()
}

/// What the client says after it tried to get a page.
fn log_in(desk: &Desk, software: &Software, advice: &str, tls: &str) -> String {
    let (server, address) = start(desk, software, advice);
    let mut tstclnt = desk.command("tstclnt", TOKEN);
    tstclnt
        .args(["-h", &address.ip().to_string()])
        .args(["-p", &address.port().to_string(), "-V", tls])
        .arg("-d")
        .arg(format!("sql:{}", desk.lab.path("nss").display()))
        .args(["-w", PIN, "-n", &format!("{TOKEN}:{KEY}")])
        .arg("-o") // any server certificate will do
        .arg("-A")
        .arg(desk.lab.path("request"));
    let said = Started::start(tstclnt, &desk.lab.path("client.log")).end();
    format!("{said}\n{}", server.said())
}

/// The server, once it listens. Its host is one of the many that are loopback too, and nobody else's: on 127.0.0.1 another
/// program may take a port between the look for a free one and the server's start.
fn start(desk: &Desk, software: &Software, advice: &str) -> (Started, SocketAddr) {
    let [.., high, low] = std::process::id().to_be_bytes();
    let host = Ipv4Addr::new(127, high | 1, low | 1, software.host);
    let address = TcpListener::bind((host, 0)).unwrap().local_addr().unwrap();
    let dir = desk.lab.path("");
    let dir = dir.to_str().unwrap().trim_end_matches('/');
    let advice = match advice {
        "" => software.default,
        advice => advice,
    };
    let config = software.config.replace("ADVICE", advice);
    let config = config
        .replace("DIR", dir)
        .replace("ADDRESS", &address.to_string());
    let config = desk.lab.write("server.conf", config);
    let mut server = Command::new(software.program);
    let path = std::env::var("PATH").unwrap_or_default();
    server
        .env("PATH", format!("{path}:/usr/sbin"))
        .args(software.args)
        .arg(config)
        .stdin(Stdio::null());
    let mut program = Started::start(server, &desk.lab.path("server.log"));
    program.wait_for(|_| TcpStream::connect(address).ok());
    (program, address)
}
