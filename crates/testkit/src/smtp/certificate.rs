//! Certificates, made when they are needed.

use std::{fmt, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

use crate::must;

/// The names that clients of the server call it by.
const NAMES: [&str; 2] = ["localhost", "127.0.0.1"];

pub(super) struct Certificates {
    /// What clients are to trust, in PEM format.
    pub root: String,
    pub trusted: TlsAcceptor,
    pub untrusted: TlsAcceptor,
}

impl Certificates {
    pub(super) fn make() -> Self {
        let ((root, trusted), (_, untrusted)) = (authority(), authority());
        Self { root, trusted, untrusted }
    }
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Certificates")
    }
}

/// The certificate of a new authority, and a server with one that it signed.
fn authority() -> (String, TlsAcceptor) {
    let mut params = must(CertificateParams::new(Vec::new()));
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = must(KeyPair::generate());
    let root = must(params.self_signed(&key)).pem();
    let issuer = Issuer::new(params, key);

    let key = must(KeyPair::generate());
    let params = must(CertificateParams::new(NAMES.map(str::to_owned).to_vec()));
    let certificate = must(params.signed_by(&key, &issuer));
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = must(config.with_safe_default_protocol_versions()).with_no_client_auth();
    let config = must(config.with_single_cert(vec![certificate.der().clone()], key));
    (root, TlsAcceptor::from(Arc::new(config)))
}
