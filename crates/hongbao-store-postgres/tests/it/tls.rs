//! Is it the right server, and does nobody read along?

use std::path::Path;

use hongbao_store::{Currency, Store, StoreInfo, StoreKind};
use hongbao_store_postgres::{OpenError, OpenOptions, PostgresStore, rig};

fn certificate(folder: &Path, name: &str) -> (String, String, String) {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new([name.to_owned()]).unwrap().self_signed(&key).unwrap();
    let path = folder.join(format!("{name}.pem"));
    std::fs::write(&path, certificate.pem()).unwrap();
    (certificate.pem(), key.serialize_pem(), path.to_str().unwrap().to_owned())
}

async fn open(url: &str) -> Result<PostgresStore, OpenError> {
    let info = StoreInfo { kind: StoreKind::Live, currency: Currency::renminbi() };
    PostgresStore::open_or_create(url, &info, OpenOptions::default()).await
}

#[tokio::test]
async fn only_a_server_with_a_certificate_of_our_authority_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate_pem, key_pem, root) = certificate(folder.path(), "127.0.0.1");
    let (_, _, other_root) = certificate(folder.path(), "localhost");
    let cluster = rig::Cluster::start_with_tls(&certificate_pem, &key_pem);
    let plain = cluster.database();
    let url = plain.replace("sslmode=disable", &format!("sslmode=require&sslrootcert={root}"));
    let store = open(&url).await.unwrap();
    assert!(store.now().await.is_ok());
    let name = plain.rsplit('/').next().and_then(|rest| rest.split('?').next()).unwrap();
    let ours =
        "SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'hongbao'";
    assert_eq!(cluster.sql(name, ours), "t\n");

    let wrong = url.replace(&root, &other_root);
    for not_judged in [&wrong, &wrong.replace("require", "prefer"), &plain.replace("disable", "require")] {
        let error = open(not_judged).await.unwrap_err();
        assert!(matches!(error, OpenError::Unavailable(_)), "{error}");
        assert!(error.to_string().contains("certificate"), "{error}");
    }
    // A server without TLS is not spoken to where TLS is required.
    let url = rig::shared().database().replace("sslmode=disable", &format!("sslmode=require&sslrootcert={root}"));
    assert!(matches!(open(&url).await, Err(OpenError::Unavailable(_))));
}
