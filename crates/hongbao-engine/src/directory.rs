//! Who is known to the platform, and what may they do? Merchants with their keys and certificates,
//! and apps with theirs.
//!
//! Keys and certificates are judged in real time: a sandbox's clock does not make them expire.

use std::net::IpAddr;

use hongbao_types::{ApiKey, AppId, MerchantId, Timestamp};

use crate::limits::Limits;
use crate::packet::Product;

/// From when until when something counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// From this moment on.
    pub from: Timestamp,
    /// Until just before this moment; without one, for ever.
    pub until: Option<Timestamp>,
}

/// One API key of a merchant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MerchantKey {
    /// The key.
    pub key: ApiKey,
    /// When signatures made with it count.
    pub validity: Validity,
}

/// One client certificate of a merchant, known by its public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MerchantCertificate {
    /// SHA-256 of the certificate's `SubjectPublicKeyInfo`, DER.
    pub public_key_sha256: [u8; 32],
    /// When it counts for this merchant; ends when it is withdrawn.
    pub validity: Validity,
}

/// How strictly a merchant's requests are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Takes what every known client sends.
    #[default]
    Compatible,
    /// Takes what production is believed to take.
    Strict,
}

/// The signature algorithms of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignAlgorithm {
    /// MD5.
    Md5,
    /// HMAC-SHA256.
    HmacSha256,
}

/// A merchant (商户).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merchant {
    /// The merchant number.
    pub id: MerchantId,
    /// Its name, for people.
    pub name: String,
    /// Its API keys.
    pub keys: Vec<MerchantKey>,
    /// Its client certificates.
    pub certificates: Vec<MerchantCertificate>,
    /// How strictly its requests are read.
    pub mode: Mode,
    /// The only algorithm its signatures may use; without one, either.
    pub pinned_algorithm: Option<SignAlgorithm>,
    /// The products it may use.
    pub products: Vec<Product>,
    /// The addresses it may call from; none listed means any.
    pub allowed_addresses: Vec<IpAddr>,
    /// Its limits.
    pub limits: Limits,
    /// Whether its money is frozen.
    pub frozen: bool,
}

/// The certificate that came with a connection; possession of its key was proven in the handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresentedCertificate {
    /// SHA-256 of its `SubjectPublicKeyInfo`, DER.
    pub public_key_sha256: [u8; 32],
    /// Its own first moment.
    pub not_before: Timestamp,
    /// Its own last moment.
    pub not_after: Timestamp,
    /// Whether an authority that the deployment trusts issued it for clients.
    pub is_trusted: bool,
}

/// Why a certificate does not count for a merchant, in the order in which it is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateRefusal {
    /// There was none.
    #[error("no client certificate")]
    Missing,
    /// No trusted authority issued it.
    #[error("the client certificate was not issued by a trusted authority")]
    Untrusted,
    /// Its public key is not registered for this merchant.
    #[error("the client certificate is not registered for this merchant")]
    NotRegistered,
    /// It was registered, and withdrawn.
    #[error("the client certificate was withdrawn")]
    Withdrawn,
    /// Its time has not come.
    #[error("the client certificate is not valid yet")]
    NotYetValid,
    /// Its time is over.
    #[error("the client certificate has expired")]
    Expired,
}

/// Why a merchant may not do what it asks, in the order in which it is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PermissionRefusal {
    /// The app is unknown, or is not bound to the merchant.
    #[error("the app is not bound to the merchant")]
    AppNotBound,
    /// The product is not open to the merchant.
    #[error("the product is not open to the merchant")]
    ProductNotOpen,
    /// The merchant may not call from this address.
    #[error("the merchant may not call from this address")]
    AddressNotAllowed,
}

/// The public key with which an app's operator signs assertions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppKey {
    /// Its name, as the assertion's header gives it (`kid`).
    pub id: String,
    /// The public key, PEM (`SubjectPublicKeyInfo`): Ed25519 or P-256.
    pub public_key_pem: String,
    /// When assertions signed with it count.
    pub validity: Validity,
}

/// An app: the name under which people are known, and whose operator says who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    /// The app id.
    pub id: AppId,
    /// The keys of its operator.
    pub keys: Vec<AppKey>,
    /// The merchants who may send to its people.
    pub merchants: Vec<MerchantId>,
}

impl Validity {
    /// Always.
    pub const ALWAYS: Validity = Validity { from: Timestamp::from_millis(i64::MIN), until: None };

    /// Whether it counts at `now`.
    pub fn contains(&self, now: Timestamp) -> bool {
        self.from <= now && self.until.is_none_or(|until| now < until)
    }
}

impl Merchant {
    /// A merchant who may do nothing yet but send ordinary packets within the usual limits.
    pub fn new(id: MerchantId, name: &str) -> Merchant {
        Merchant {
            id,
            name: name.to_owned(),
            keys: Vec::new(),
            certificates: Vec::new(),
            mode: Mode::Compatible,
            pinned_algorithm: None,
            products: vec![Product::Ordinary],
            allowed_addresses: Vec::new(),
            limits: Limits::default(),
            frozen: false,
        }
    }

    /// The keys that count at `now` (real time).
    pub fn keys_at(&self, now: Timestamp) -> impl Iterator<Item = &ApiKey> {
        self.keys.iter().filter(move |entry| entry.validity.contains(now)).map(|entry| &entry.key)
    }

    /// Whether the certificate that came with a request counts for this merchant at `now` (real time).
    pub fn judge_certificate(
        &self,
        presented: Option<&PresentedCertificate>,
        now: Timestamp,
    ) -> Result<(), CertificateRefusal> {
        let certificate = presented.ok_or(CertificateRefusal::Missing)?;
        if !certificate.is_trusted {
            return Err(CertificateRefusal::Untrusted);
        }
        let mut registered =
            self.certificates.iter().filter(|c| c.public_key_sha256 == certificate.public_key_sha256).peekable();
        if registered.peek().is_none() {
            return Err(CertificateRefusal::NotRegistered);
        }
        if !registered.any(|c| c.validity.contains(now)) {
            return Err(CertificateRefusal::Withdrawn);
        }
        if now < certificate.not_before {
            return Err(CertificateRefusal::NotYetValid);
        }
        if now > certificate.not_after {
            return Err(CertificateRefusal::Expired);
        }
        Ok(())
    }

    /// Whether the merchant may use `product` for the people of `app`, calling from `address`.
    pub fn judge_permission(
        &self,
        product: Product,
        app: Option<&App>,
        address: IpAddr,
    ) -> Result<(), PermissionRefusal> {
        if !app.is_some_and(|app| app.merchants.contains(&self.id)) {
            return Err(PermissionRefusal::AppNotBound);
        }
        if !self.products.contains(&product) {
            return Err(PermissionRefusal::ProductNotOpen);
        }
        self.judge_address(address)
    }

    /// Whether the merchant may call from `address`. An IPv4 address mapped into IPv6 is the IPv4 address.
    pub fn judge_address(&self, address: IpAddr) -> Result<(), PermissionRefusal> {
        if self.allowed_addresses.is_empty() || self.allowed_addresses.contains(&address.to_canonical()) {
            Ok(())
        } else {
            Err(PermissionRefusal::AddressNotAllowed)
        }
    }
}

impl App {
    /// The key that an assertion names, if it counts at `now` (real time).
    pub fn key_at(&self, id: &str, now: Timestamp) -> Option<&AppKey> {
        self.keys.iter().find(|key| key.id == id && key.validity.contains(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    fn merchant() -> Merchant {
        let mut merchant = Merchant::new(MerchantId::try_new("10000098").unwrap(), "天虹百货");
        merchant.certificates = vec![
            MerchantCertificate { public_key_sha256: [1; 32], validity: Validity::ALWAYS },
            MerchantCertificate {
                public_key_sha256: [2; 32],
                validity: Validity { from: at(0), until: Some(at(500)) },
            },
        ];
        merchant
    }

    fn certificate(key: u8) -> PresentedCertificate {
        PresentedCertificate {
            public_key_sha256: [key; 32],
            not_before: at(100),
            not_after: at(1000),
            is_trusted: true,
        }
    }

    #[test]
    fn a_certificate_is_judged_by_trust_then_registration_then_dates() {
        let merchant = merchant();
        let judge =
            |presented: Option<PresentedCertificate>, now| merchant.judge_certificate(presented.as_ref(), at(now));
        let untrusted = PresentedCertificate { is_trusted: false, ..certificate(3) };
        assert_eq!(judge(None, 200), Err(CertificateRefusal::Missing));
        assert_eq!(judge(Some(untrusted), 200), Err(CertificateRefusal::Untrusted));
        assert_eq!(judge(Some(certificate(3)), 200), Err(CertificateRefusal::NotRegistered));
        assert_eq!(judge(Some(certificate(2)), 500), Err(CertificateRefusal::Withdrawn));
        assert_eq!(judge(Some(certificate(2)), 499), Ok(()));
        assert_eq!(judge(Some(certificate(1)), 99), Err(CertificateRefusal::NotYetValid));
        assert_eq!(judge(Some(certificate(1)), 1000), Ok(()));
        assert_eq!(judge(Some(certificate(1)), 1001), Err(CertificateRefusal::Expired));
    }

    #[test]
    fn permission_is_judged_by_app_then_product_then_address() {
        let mut merchant = merchant();
        let app_id = AppId::try_new("wx8888888888888888").unwrap();
        let mut app = App { id: app_id, keys: vec![], merchants: vec![] };
        let home: IpAddr = "192.168.0.1".parse().unwrap();
        let judge =
            |merchant: &Merchant, app: &App, address| merchant.judge_permission(Product::Ordinary, Some(app), address);
        assert_eq!(judge(&merchant, &app, home), Err(PermissionRefusal::AppNotBound));
        app.merchants.push(merchant.id.clone());
        merchant.products.clear();
        assert_eq!(judge(&merchant, &app, home), Err(PermissionRefusal::ProductNotOpen));
        merchant.products.push(Product::Ordinary);
        assert_eq!(judge(&merchant, &app, home), Ok(()));
        merchant.allowed_addresses.push(home);
        assert_eq!(judge(&merchant, &app, "192.168.0.2".parse().unwrap()), Err(PermissionRefusal::AddressNotAllowed));
        assert_eq!(judge(&merchant, &app, "::ffff:192.168.0.1".parse().unwrap()), Ok(()));
    }
}
