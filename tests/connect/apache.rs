//! Apache: for the whole host, and for a path only, which it asks for after the handshake.

use crate::programs::apache;
use crate::scene::{Scene, login, report};
use crate::support::need;

const WHOLE_HOST: &str = "SSLVerifyClient require\nSSLVerifyDepth 2\n<Location /board>\nRequire expr %{SSL_CLIENT_S_DN_CN} == 'The Chair'\n</Location>";
const BY_PATH: &str = "<Location /card>\nSSLVerifyClient require\n</Location>";

#[test]
fn it_lets_in_by_tls_and_may_refuse_by_http() {
    if need(&["apache2"]).is_none() {
        return;
    }
    let Some(scene) = Scene::new(&["healthy", "intermediate"]) else {
        return;
    };
    let server = apache(&scene.pki, WHOLE_HOST);
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
    let server = apache(&scene.pki, BY_PATH);
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
