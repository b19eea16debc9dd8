//! Apache: for the whole host, and for a path only, which it asks for after the handshake.

use std::process::Command;

use crate::scene::{Scene, login, report};
use crate::support::need;
use crate::truth::Peer;

const CONFIG: &str = r#"
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

const WHOLE_HOST: &str = "SSLVerifyClient require\nSSLVerifyDepth 2\n<Location /board>\nRequire expr %{SSL_CLIENT_S_DN_CN} == 'The Chair'\n</Location>";
const BY_PATH: &str = "<Location /card>\nSSLVerifyClient require\n</Location>";

fn apache(scene: &Scene, how: &str) -> Peer {
    let pki = &scene.pki;
    std::fs::create_dir_all(pki.path("pages")).unwrap();
    std::fs::write(pki.path("pages/index.html"), "in").unwrap();
    pki.open_to_all();
    Peer::start(&pki.path("out.log"), |address| {
        let config = CONFIG
            .replace("DIR", pki.dir().to_str().unwrap())
            .replace("ADDRESS", &address.to_string())
            .replace("HOW", how);
        std::fs::write(pki.path("apache.conf"), config).unwrap();
        let mut server = Command::new("apache2");
        server.args(["-X", "-f"]).arg(pki.path("apache.conf"));
        server
    })
}

#[test]
fn it_lets_in_by_tls_and_may_refuse_by_http() {
    if need(&["apache2"]).is_none() {
        return;
    }
    let Some(scene) = Scene::new(&["healthy", "intermediate"]) else {
        return;
    };
    let server = apache(&scene, WHOLE_HOST);
    let connect = |token: &str, args: &str| scene.connect(token, server.address).args(args);
    let found = report(connect("healthy", "--key rsa-2048 --path /board"), 0);
    let cell = login(&found, "rsa-2048", "1.3", "any");
    assert_eq!(
        (&cell["outcome"], &cell["http_status"]),
        (&"pass".into(), &403.into())
    );
    assert_eq!(found.findings(), ["application-refuses"]);

    let found = report(connect("intermediate", ""), 0);
    assert_eq!(found.finding("intermediate-needed")["severity"], "warning");
}

#[test]
fn what_is_asked_for_after_the_handshake_can_t_be_tried_and_that_is_said() {
    if need(&["apache2"]).is_none() {
        return;
    }
    let Some(scene) = Scene::new(&["healthy"]) else {
        return;
    };
    let server = apache(&scene, BY_PATH);
    let found = report(
        scene
            .connect("healthy", server.address)
            .args("--path /card"),
        4,
    );
    assert_eq!(
        found.0["not_tried"],
        "the server asks for a certificate by renegotiation only, in which cardcheck takes no part"
    );
}
