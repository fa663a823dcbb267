//! What a client can be made of: certificates and addresses that make sense.

use hongbao::{BuildError, Identity, IdentityError};

use crate::fixtures::builder;

fn pem(label: &str) -> String {
    format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n")
}

fn issued() -> (String, String) {
    let key = rcgen::KeyPair::generate().unwrap();
    (rcgen::CertificateParams::default().self_signed(&key).unwrap().pem(), key.serialize_pem())
}

#[test]
fn certificate_and_key_must_belong_together() {
    let with = |certificate: &str, key: &str| builder("https://localhost:1").identity_pem(certificate, key).build();
    let ((certificate, key), (_, other_key)) = (issued(), issued());
    assert!(with(&certificate, &key).is_ok());
    assert!(matches!(with(&certificate, &other_key), Err(BuildError::IdentityMismatch(_))));
    assert!(matches!(with(&pem("CERTIFICATE"), &key), Err(BuildError::IdentityMismatch(_))));
    assert!(matches!(with(&certificate, ""), Err(BuildError::Identity(IdentityError::NoPrivateKey))));
    assert!(matches!(with("", &key), Err(BuildError::Identity(IdentityError::NoCertificate))));
}

#[test]
fn a_p12_needs_its_password() {
    let (certificate, key) = issued();
    let file = Identity::from_pem(&certificate, &key).unwrap().to_p12("10000098").unwrap();
    let with = |file: &[u8], password: &str| builder("https://localhost:1").identity_p12(file, password).build();
    assert!(with(&file, "10000098").is_ok());
    assert!(matches!(with(&file, "10000099"), Err(BuildError::Identity(IdentityError::Password))));
    assert!(matches!(with(certificate.as_bytes(), "10000098"), Err(BuildError::Identity(IdentityError::P12(_)))));
}

#[test]
fn a_root_certificate_must_be_one() {
    let (certificate, _) = issued();
    let with = |pem: &str| builder("https://localhost:1").root_ca_pem(pem).build();
    assert!(with(&certificate).is_ok());
    for garbage in ["", "garbage", &pem("CERTIFICATE"), &pem("PRIVATE KEY")] {
        assert!(matches!(with(garbage), Err(BuildError::RootCa(_))), "{garbage}");
    }
}

#[test]
fn an_address_has_scheme_host_port_and_path_and_nothing_else() {
    for url in ["https://h", "http://127.0.0.1:8080", "https://h/sandbox/"] {
        assert!(builder(url).build().is_ok(), "{url}");
    }
    for url in [
        "",
        "h",
        "ftp://h",
        "http://",
        "https://exa mple",
        "http://[::1",
        "https://h:99999",
        "http://h/x?y=",
        "https://h#x",
        "https://user:password@h",
    ] {
        assert!(matches!(builder(url).build(), Err(BuildError::BaseUrl(_))), "{url}");
    }
}
