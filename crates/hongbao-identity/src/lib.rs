//! How does a certificate come with its private key? As WeChat Pay hands them out: `apiclient_cert.pem` with
//! `apiclient_key.pem`, or both in `apiclient_cert.p12`, whose password is the merchant number.
//!
//! Private keys are read in PKCS#8 (today's downloads), PKCS#1 and SEC 1; p12 files with RC2, 3DES and AES
//! (old downloads have certificates in RC2 with 40 bits and keys in 3DES). Whether a key belongs to its
//! certificate shows when the two are used.

use p12_keystore::{
    Certificate, EncryptionAlgorithm, KeyStore, KeyStoreEntry, MacAlgorithm, Pkcs12Archive, PrivateKey, PrivateKeyChain,
};
use pem::{EncodeConfig, LineEnding, Pem};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use x509_parser::prelude::{FromDer, X509Certificate};

/// The name that WeChat Pay gives to the entry of its p12 files.
const FRIENDLY_NAME: &str = "Tenpay Certificate";
/// How often a p12's password is hashed: OpenSSL's own number for this flavour.
const ITERATIONS: u32 = 2048;

/// A certificate, its issuers, and its private key. `Debug` shows no key.
pub struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

/// Why there is no identity. Nothing of a key or a password is in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// No certificate was found.
    #[error("there is no certificate: it begins with -----BEGIN CERTIFICATE-----")]
    NoCertificate,
    /// No private key was found.
    #[error("there is no private key: it begins with -----BEGIN PRIVATE KEY----- or -----BEGIN RSA PRIVATE KEY-----")]
    NoPrivateKey,
    /// The private key needs a password.
    #[error("the private key is encrypted; decrypt it with: openssl pkey -in KEY.pem -out DECRYPTED.pem")]
    Encrypted,
    /// The text is no PEM.
    #[error("the PEM can't be read: {0}")]
    Pem(String),
    /// The p12 file's password is another one.
    #[error("the p12 file's password is wrong; WeChat Pay's is the merchant number")]
    Password,
    /// The file is no p12, or one that can't be read.
    #[error("the p12 file can't be read: {0}")]
    P12(String),
    /// Only keys in PKCS#8 can be written to a p12.
    #[error("a p12 file takes a private key in PKCS#8 only: -----BEGIN PRIVATE KEY-----")]
    NotPkcs8,
}

/// What a certificate says of itself. Times are seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFacts {
    /// Whose it is (`CN`): WeChat Pay puts the merchant number there.
    pub common_name: String,
    /// From when it counts.
    pub not_before: i64,
    /// The last second in which it counts.
    pub not_after: i64,
}

impl Identity {
    /// From the certificate, perhaps followed by its issuers, and the private key, both in PEM.
    pub fn from_pem(certificates: &str, private_key: &str) -> Result<Identity, IdentityError> {
        let chain = CertificateDer::pem_slice_iter(certificates.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| IdentityError::Pem(error.to_string()))?;
        if chain.is_empty() {
            return Err(IdentityError::NoCertificate);
        }
        Ok(Identity { chain, key: read_private_key(private_key)? })
    }

    /// From a p12 file and its password.
    pub fn from_p12(file: &[u8], password: &str) -> Result<Identity, IdentityError> {
        let archive = Pkcs12Archive::from_pkcs12(file, password).map_err(|error| {
            let is_password = matches!(error, p12_keystore::error::Error::MacError(_));
            if is_password { IdentityError::Password } else { IdentityError::P12(error.to_string()) }
        })?;
        let key = archive.keys.first().ok_or(IdentityError::NoPrivateKey)?;
        let mut certificates = archive.certs;
        // The key's own certificate has its local key id; where ids are missing, it comes first.
        let own = key.local_key_id.as_ref().map(AsRef::as_ref);
        certificates.sort_by_key(|bag| own.is_none() || bag.local_key_id.as_deref() != own);
        let chain: Vec<_> = certificates.iter().map(|bag| CertificateDer::from(bag.cert.as_der().to_vec())).collect();
        if chain.is_empty() {
            return Err(IdentityError::NoCertificate);
        }
        let key = PrivatePkcs8KeyDer::from(key.key.as_der().to_vec());
        Ok(Identity { chain, key: key.into() })
    }

    /// A p12 file in 3DES, the one flavour that every known client loads.
    pub fn to_p12(&self, password: &str) -> Result<Vec<u8>, IdentityError> {
        let failed = |error: p12_keystore::error::Error| IdentityError::P12(error.to_string());
        let PrivateKeyDer::Pkcs8(key) = &self.key else { return Err(IdentityError::NotPkcs8) };
        let key = PrivateKey::from_der(key.secret_pkcs8_der()).map_err(failed)?;
        let chain: Vec<_> =
            self.chain.iter().map(|der| Certificate::from_der(der)).collect::<Result<_, _>>().map_err(failed)?;
        let mut store = KeyStore::new();
        store
            .add_entry(FRIENDLY_NAME, KeyStoreEntry::PrivateKeyChain(PrivateKeyChain::new([1].as_slice(), key, chain)));
        store
            .writer(password)
            .encryption_algorithm(EncryptionAlgorithm::PbeWithShaAnd3KeyTripleDesCbc)
            .encryption_iterations(ITERATIONS)
            .mac_algorithm(MacAlgorithm::HmacSha1)
            .mac_iterations(ITERATIONS)
            .write()
            .map_err(failed)
    }

    /// The certificate, then its issuers.
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        &self.chain
    }

    /// What the certificate says of itself; `None` when it can't be read.
    pub fn certificate_facts(&self) -> Option<CertificateFacts> {
        let (_, certificate) = X509Certificate::from_der(self.chain.first()?).ok()?;
        let mut names = certificate.subject().iter_common_name();
        let validity = certificate.validity();
        Some(CertificateFacts {
            common_name: names.next().and_then(|name| name.as_str().ok()).unwrap_or_default().to_owned(),
            not_before: validity.not_before.timestamp(),
            not_after: validity.not_after.timestamp(),
        })
    }

    /// The private key.
    pub fn private_key(&self) -> &PrivateKeyDer<'static> {
        &self.key
    }

    /// The certificate, then its issuers, in PEM.
    pub fn certificate_pem(&self) -> String {
        self.chain.iter().map(|der| encode("CERTIFICATE", der)).collect()
    }

    /// The private key in PEM.
    pub fn private_key_pem(&self) -> String {
        let label = match &self.key {
            PrivateKeyDer::Pkcs1(_) => "RSA PRIVATE KEY",
            PrivateKeyDer::Sec1(_) => "EC PRIVATE KEY",
            PrivateKeyDer::Pkcs8(_) | _ => "PRIVATE KEY",
        };
        encode(label, self.key.secret_der())
    }
}

fn read_private_key(pem: &str) -> Result<PrivateKeyDer<'static>, IdentityError> {
    PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|error| {
        if pem.contains("ENCRYPTED") {
            IdentityError::Encrypted
        } else if matches!(error, rustls_pki_types::pem::Error::NoItemsFound) {
            IdentityError::NoPrivateKey
        } else {
            IdentityError::Pem(error.to_string())
        }
    })
}

fn encode(label: &str, der: &[u8]) -> String {
    pem::encode_config(&Pem::new(label, der), EncodeConfig::new().set_line_ending(LineEnding::LF))
}

impl Clone for Identity {
    fn clone(&self) -> Identity {
        Identity { chain: self.chain.clone(), key: self.key.clone_key() }
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("certificates", &self.chain.len()).finish_non_exhaustive()
    }
}
