//! Certificates for one test: a server's, its CA, and as many client CAs as are wanted.

use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, DnType, DnValue, IsCa, Issuer, KeyPair};

/// A directory with `ca.pem`, `server.crt`, `server.key`, `server.pem` (both) and `clients.pem`; gone when it is dropped.
pub(crate) struct Pki {
    dir: tempfile::TempDir,
}

impl Pki {
    /// With so many CAs whose clients are wanted.
    pub(crate) fn new(client_cas: usize) -> Pki {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
        let (root, issuer) = ca("Acme Server CA");
        write("ca.pem", &root);
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let mut server = CertificateParams::new(names.to_vec()).unwrap();
        server
            .distinguished_name
            .push(DnType::CommonName, "localhost");
        let key = KeyPair::generate().unwrap();
        let server = server.signed_by(&key, &issuer).unwrap().pem();
        write("server.crt", &server);
        write("server.key", &key.serialize_pem());
        write("server.pem", &format!("{server}{}", key.serialize_pem()));
        let name = |number| format!("Acme Issuing CA {number:03}");
        let pki = Pki { dir };
        pki.wants_clients_of((1..=client_cas).map(|number| name(number).into()));
        pki
    }

    /// Other client CAs: of these names.
    pub(crate) fn wants_clients_of(&self, names: impl IntoIterator<Item = DnValue>) {
        let cas: String = names.into_iter().map(|name| ca(name).0).collect();
        std::fs::write(self.path("clients.pem"), cas).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// For a server that isn't root: everybody may read it.
    pub(crate) fn open_to_all(&self) {
        use std::os::unix::fs::PermissionsExt;
        let open = |path: &Path, mode| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        open(self.dir(), 0o777);
        for file in std::fs::read_dir(self.dir()).unwrap() {
            let file = file.unwrap().path();
            open(&file, if file.is_dir() { 0o755 } else { 0o644 });
        }
    }
}

fn ca(name: impl Into<DnValue>) -> (String, Issuer<'static, KeyPair>) {
    let key = KeyPair::generate().unwrap();
    let mut wanted = CertificateParams::new(Vec::new()).unwrap();
    wanted.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    wanted.distinguished_name.push(DnType::CommonName, name);
    wanted
        .distinguished_name
        .push(DnType::OrganizationName, "Acme");
    let certificate = wanted.self_signed(&key).unwrap().pem();
    (certificate, Issuer::new(wanted, key))
}
