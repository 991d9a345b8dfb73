//! TLS to the database.

use std::{path::Path, sync::Arc};

use tokio_postgres_rustls::MakeRustlsConnect;
use tokio_rustls::rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject as _},
};

use crate::engine::options::TlsRoots;

/// Checks certificates and the names in them.
pub(crate) fn connector(roots: &TlsRoots) -> Result<MakeRustlsConnect, String> {
    let certificates = match roots {
        TlsRoots::System => rustls_native_certs::load_native_certs().certs,
        TlsRoots::File(path) => of_file(path)?,
    };
    let mut store = RootCertStore::empty();
    let (usable, _) = store.add_parsable_certificates(certificates);
    if usable == 0 {
        return Err("there is no root certificate to check the server's with; name a file with sslrootcert"
            .to_owned());
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(store)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

fn of_file(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let cannot =
        |error: &dyn std::fmt::Display| format!("cannot read certificates from {}: {error}", path.display());
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| cannot(&error))?;
    certificates.collect::<Result<_, _>>().map_err(|error| cannot(&error))
}
