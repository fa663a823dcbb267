//! Files as OpenSSL writes them, in every flavour that merchants have. The samples' password is the merchant
//! number, 10000098; their certificate is followed by another one, as an issuer's would be.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is a failure")]

use hongbao_identity::{Identity, IdentityError};
use rustls_pki_types::PrivateKeyDer;

const CERTIFICATE: &str = include_str!("samples/cert.pem");
const PKCS8: &str = include_str!("samples/key_pkcs8.pem");
const PKCS1: &str = include_str!("samples/key_pkcs1.pem");
const SEC1: &str = include_str!("samples/key_sec1.pem");
const ENCRYPTED: &str = include_str!("samples/key_encrypted.pem");
const RC2: &[u8] = include_bytes!("samples/rc2.p12");
const TRIPLE_DES: &[u8] = include_bytes!("samples/3des.p12");
const AES: &[u8] = include_bytes!("samples/aes.p12");
const PASSWORD: &str = "10000098";

fn error(result: Result<Identity, IdentityError>) -> IdentityError {
    result.unwrap_err()
}

#[test]
fn a_p12_of_every_flavour_holds_what_the_pem_pair_holds() {
    let pair = Identity::from_pem(CERTIFICATE, PKCS8).unwrap();
    for (flavour, file) in [("RC2", RC2), ("3DES", TRIPLE_DES), ("AES", AES)] {
        let read = Identity::from_p12(file, PASSWORD).unwrap();
        assert_eq!(read.chain()[0], pair.chain()[0], "{flavour}");
        assert_eq!(read.chain().len(), 2, "{flavour}");
        assert_eq!(read.private_key(), pair.private_key(), "{flavour}");
        assert!(read.certificate_pem().starts_with(CERTIFICATE), "{flavour}");
        assert_eq!(read.private_key_pem(), PKCS8, "{flavour}");
    }
}

#[test]
fn a_private_key_is_read_in_each_of_its_forms_and_written_as_it_came() {
    for (pem, form) in [(PKCS8, "PKCS#8"), (PKCS1, "PKCS#1"), (SEC1, "SEC 1")] {
        let identity = Identity::from_pem(CERTIFICATE, pem).unwrap();
        let found = match identity.private_key() {
            PrivateKeyDer::Pkcs8(_) => "PKCS#8",
            PrivateKeyDer::Pkcs1(_) => "PKCS#1",
            PrivateKeyDer::Sec1(_) => "SEC 1",
            _ => "another",
        };
        assert_eq!(found, form);
        assert_eq!(identity.private_key_pem(), pem);
        assert_eq!(identity.certificate_pem(), CERTIFICATE);
    }
}

#[test]
fn a_p12_that_is_written_is_in_3des_throughout_and_reads_back() {
    let identity = Identity::from_p12(AES, PASSWORD).unwrap();
    let file = identity.to_p12(PASSWORD).unwrap();
    let read = Identity::from_p12(&file, PASSWORD).unwrap();
    assert_eq!(read.chain(), identity.chain());
    assert_eq!(read.private_key(), identity.private_key());
    assert_eq!(error(Identity::from_p12(&file, "10000099")), IdentityError::Password);

    // pbeWithSHA1And3-KeyTripleDES-CBC, 1.2.840.113549.1.12.1.3: for the certificates and for the key.
    let pbe = |kind: u8| [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x0C, 0x01, kind];
    let count = |kind| file.windows(10).filter(|window| *window == pbe(kind)).count();
    assert_eq!((count(3), count(6)), (2, 0));
}

#[test]
fn only_a_key_in_pkcs8_goes_into_a_p12() {
    assert_eq!(Identity::from_pem(CERTIFICATE, PKCS1).unwrap().to_p12(PASSWORD), Err(IdentityError::NotPkcs8));
}

#[test]
fn what_is_wrong_with_a_pem_is_said() {
    let read = |certificate, key| error(Identity::from_pem(certificate, key));
    assert_eq!(read("", PKCS8), IdentityError::NoCertificate);
    assert_eq!(read(PKCS8, PKCS8), IdentityError::NoCertificate);
    assert_eq!(read(CERTIFICATE, ""), IdentityError::NoPrivateKey);
    assert_eq!(read(CERTIFICATE, CERTIFICATE), IdentityError::NoPrivateKey);
    assert_eq!(read(CERTIFICATE, ENCRYPTED), IdentityError::Encrypted);
    let cut = &PKCS8[..PKCS8.len() / 2];
    assert!(matches!(read(CERTIFICATE, cut), IdentityError::Pem(_)));
    assert!(matches!(read(&CERTIFICATE[..200], PKCS8), IdentityError::Pem(_)));
}

#[test]
fn what_is_wrong_with_a_p12_is_said() {
    for file in [RC2, TRIPLE_DES, AES] {
        assert_eq!(error(Identity::from_p12(file, "")), IdentityError::Password);
        assert_eq!(error(Identity::from_p12(file, "10000098 ")), IdentityError::Password);
        for end in [0, 1, file.len() / 2, file.len() - 1] {
            assert!(matches!(error(Identity::from_p12(&file[..end], PASSWORD)), IdentityError::P12(_)), "{end}");
        }
    }
    assert!(matches!(error(Identity::from_p12(CERTIFICATE.as_bytes(), PASSWORD)), IdentityError::P12(_)));
}

#[test]
fn a_certificate_says_whose_it_is_and_until_when() {
    let facts = Identity::from_p12(RC2, PASSWORD).unwrap().certificate_facts().unwrap();
    assert_eq!(facts.common_name, "10000098");
    // A hundred years, as the sample was made.
    assert_eq!(facts.not_after - facts.not_before, 36_500 * 86_400);
}

#[test]
fn nothing_secret_is_shown() {
    let identity = Identity::from_p12(RC2, PASSWORD).unwrap();
    assert_eq!(format!("{identity:?}"), "Identity { certificates: 2, .. }");
}
