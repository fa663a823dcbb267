//! Who is known to the platform, and what may they do? Merchants with their keys and certificates,
//! and apps with theirs.
//!
//! Keys and certificates are judged in real time: a sandbox's clock does not make them expire.

use std::net::IpAddr;

use hongbao_types::{ApiKey, AppId, AppSecret, Generation, MerchantId, Mode, OpenId, Timestamp, WorkwxSecret};

use crate::draw::DrawRule;
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
    /// Of which years the service is that it meets.
    pub generation: Generation,
    /// The only algorithm its signatures may use; without one, either.
    pub pinned_algorithm: Option<SignAlgorithm>,
    /// The products it may use.
    pub products: Vec<Product>,
    /// Whether it has closed sending by API.
    pub is_closed: bool,
    /// The service providers (服务商) that may send on its behalf, or charge its funds.
    pub providers: Vec<MerchantId>,
    /// When it entered (入驻), in the store's time; unless known it may send at once.
    pub entered_at: Option<Timestamp>,
    /// Since when it has traded without a break, likewise.
    pub trading_since: Option<Timestamp>,
    /// The addresses it may call from; none listed means any.
    pub allowed_addresses: Vec<IpAddr>,
    /// How its packets of several shares are drawn.
    pub draw_rule: DrawRule,
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
    /// The app is a mobile app: it has no people whom a message could reach.
    #[error("the app is a mobile app")]
    IllegalApp,
    /// The app is unknown, or is not bound to the merchant.
    #[error("the app is not bound to the merchant")]
    AppNotBound,
    /// The product is not open to the merchant.
    #[error("the product is not open to the merchant")]
    ProductNotOpen,
    /// The merchant has closed sending by API.
    #[error("the merchant has closed sending by API")]
    Closed,
    /// The merchant may not call from this address.
    #[error("the merchant may not call from this address")]
    AddressNotAllowed,
}

/// Why a provider may not send on a merchant's behalf, in the order in which it is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProvisionRefusal {
    /// The sub-merchant, or who is to be charged, is unknown or has not admitted the provider.
    #[error("the merchant has not admitted this provider")]
    NotAdmitted,
    /// The app that reaches the person is bound neither to the provider nor to the sub-merchant.
    #[error("the app that reaches the person is bound to neither merchant")]
    MessageAppNotBound,
}

/// Kinds of apps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AppKind {
    /// An official account (公众号).
    #[default]
    OfficialAccount,
    /// A mini program (小程序).
    MiniProgram,
    /// A mobile app (移动应用), whose people no packet can reach.
    MobileApp,
    /// A corporation (企业微信).
    Corporation,
}

impl AppKind {
    /// All of them.
    pub const ALL: [AppKind; 4] =
        [AppKind::OfficialAccount, AppKind::MiniProgram, AppKind::MobileApp, AppKind::Corporation];

    /// Its name, as stores and operators write it.
    pub const fn name(self) -> &'static str {
        match self {
            AppKind::OfficialAccount => "official_account",
            AppKind::MiniProgram => "mini_program",
            AppKind::MobileApp => "mobile_app",
            AppKind::Corporation => "corporation",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<AppKind> {
        AppKind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Who a person is, as every door names them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonId {
    /// The app.
    pub app: AppId,
    /// The person under it.
    pub openid: OpenId,
}

/// A person of whom something is known: registered by being there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Who it is.
    pub id: PersonId,
    /// Whether nothing is sent to them (风控).
    pub is_blocked: bool,
}

/// What an app's server may be permitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// To read people's wallets, histories and packets.
    Wallets,
    /// To withdraw from people's wallets.
    Withdrawals,
    /// To erase people.
    Erasure,
}

impl Scope {
    /// All of them.
    pub const ALL: [Scope; 3] = [Scope::Wallets, Scope::Withdrawals, Scope::Erasure];

    /// Its name, as stores and operators write it.
    pub const fn name(self) -> &'static str {
        match self {
            Scope::Wallets => "wallets",
            Scope::Withdrawals => "withdrawals",
            Scope::Erasure => "erasure",
        }
    }

    /// The scope of that name.
    pub fn from_name(name: &str) -> Option<Scope> {
        Scope::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

/// With which an app's server comes in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Its name.
    pub id: String,
    /// SHA-256 of its token, which has 256 random bits and was shown once.
    pub token_sha256: [u8; 32],
    /// What it permits.
    pub scopes: Vec<Scope>,
    /// When it counts.
    pub validity: Validity,
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
    /// What it is.
    pub kind: AppKind,
    /// Whether it knows registered people only; otherwise any well-formed openid is one of its people.
    pub registered_only: bool,
    /// A corporation's secret, with which `workwx_sign` is made.
    pub workwx_secret: Option<WorkwxSecret>,
    /// What its operator shows to learn who came back from web authorisation; without it, nobody learns it.
    pub app_secret: Option<AppSecret>,
    /// The hosts that web authorisation may send people to, lower case: `host`, at any port, or `host:port`.
    pub redirect_hosts: Vec<String>,
    /// The origins whose pages may call from a browser: `scheme://host[:port]`.
    pub origins: Vec<String>,
    /// The keys of its operator.
    pub keys: Vec<AppKey>,
    /// The merchants who may send to its people.
    pub merchants: Vec<MerchantId>,
    /// With which its own server comes in.
    pub credentials: Vec<Credential>,
}

const ENTERED_MS: i64 = 90 * 86_400_000;
const TRADING_MS: i64 = 30 * 86_400_000;

impl Validity {
    /// Always.
    pub const ALWAYS: Validity = Validity { from: Timestamp::from_millis(i64::MIN), until: None };

    /// Whether it counts at `now`.
    pub fn contains(&self, now: Timestamp) -> bool {
        self.from <= now && self.until.is_none_or(|until| now < until)
    }
}

impl Merchant {
    /// A merchant who may use every product within the usual limits.
    pub fn new(id: MerchantId, name: &str) -> Merchant {
        Merchant {
            id,
            name: name.to_owned(),
            keys: Vec::new(),
            certificates: Vec::new(),
            mode: Mode::Compatible,
            generation: Generation::default(),
            pinned_algorithm: None,
            products: Product::ALL.to_vec(),
            is_closed: false,
            providers: Vec::new(),
            entered_at: None,
            trading_since: None,
            allowed_addresses: Vec::new(),
            draw_rule: DrawRule::default(),
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
        if app.is_some_and(|app| app.kind == AppKind::MobileApp) {
            return Err(PermissionRefusal::IllegalApp);
        }
        if !app.is_some_and(|app| app.merchants.contains(&self.id)) {
            return Err(PermissionRefusal::AppNotBound);
        }
        if !self.products.contains(&product) {
            return Err(PermissionRefusal::ProductNotOpen);
        }
        if self.is_closed {
            return Err(PermissionRefusal::Closed);
        }
        self.judge_address(address)
    }

    /// Whether this provider may send on behalf of `sub`, charging `payer` (the provider itself, `sub`, or a third
    /// who admitted the provider), with `message_app` as the app that reaches the person.
    pub fn judge_provision(
        &self,
        sub: Option<&Merchant>,
        payer: Option<&Merchant>,
        message_app: Option<&App>,
    ) -> Result<(), ProvisionRefusal> {
        let has_admitted = |merchant: &Merchant| merchant.id == self.id || merchant.providers.contains(&self.id);
        let sub = sub.filter(|sub| sub.providers.contains(&self.id)).ok_or(ProvisionRefusal::NotAdmitted)?;
        if !payer.is_some_and(has_admitted) {
            return Err(ProvisionRefusal::NotAdmitted);
        }
        let is_of_either = |app: &App| app.merchants.contains(&self.id) || app.merchants.contains(&sub.id);
        if message_app.is_some_and(is_of_either) { Ok(()) } else { Err(ProvisionRefusal::MessageAppNotBound) }
    }

    /// Whether it has been here for 90 days and has traded for 30 (official page: for new applicants), at `now` in
    /// the store's time, as far as that is known.
    pub fn is_established(&self, now: Timestamp) -> bool {
        let is_past = |since: Option<Timestamp>, ms| since.is_none_or(|since: Timestamp| now >= since.plus_millis(ms));
        is_past(self.entered_at, ENTERED_MS) && is_past(self.trading_since, TRADING_MS)
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
    /// An official account without keys, bound to nobody.
    pub fn new(id: AppId) -> App {
        App {
            id,
            kind: AppKind::OfficialAccount,
            registered_only: false,
            workwx_secret: None,
            app_secret: None,
            redirect_hosts: Vec::new(),
            origins: Vec::new(),
            keys: Vec::new(),
            merchants: Vec::new(),
            credentials: Vec::new(),
        }
    }

    /// Whether web authorisation may send people to this host, lower case, at this port. The page says "the domain
    /// that is registered": no part of it, and nothing below it, is the same.
    pub fn may_redirect_to(&self, host: &str, port: u16) -> bool {
        let with_port = format!("{host}:{port}");
        self.redirect_hosts.iter().any(|known| known == host || *known == with_port)
    }

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
        let mut app = App::new(app_id);
        let home: IpAddr = "192.168.0.1".parse().unwrap();
        let judge =
            |merchant: &Merchant, app: &App, address| merchant.judge_permission(Product::Ordinary, Some(app), address);
        assert_eq!(judge(&merchant, &app, home), Err(PermissionRefusal::AppNotBound));
        app.merchants.push(merchant.id.clone());
        merchant.products.clear();
        assert_eq!(judge(&merchant, &app, home), Err(PermissionRefusal::ProductNotOpen));
        merchant.products.push(Product::Ordinary);
        merchant.is_closed = true;
        assert_eq!(judge(&merchant, &app, home), Err(PermissionRefusal::Closed));
        merchant.is_closed = false;
        assert_eq!(judge(&merchant, &app, home), Ok(()));
        let mobile = App { kind: AppKind::MobileApp, ..app.clone() };
        assert_eq!(judge(&merchant, &mobile, home), Err(PermissionRefusal::IllegalApp));
        merchant.allowed_addresses.push(home);
        assert_eq!(judge(&merchant, &app, "192.168.0.2".parse().unwrap()), Err(PermissionRefusal::AddressNotAllowed));
        assert_eq!(judge(&merchant, &app, "::ffff:192.168.0.1".parse().unwrap()), Ok(()));
    }

    #[test]
    fn a_provider_sends_for_who_admitted_it_and_charges_who_did() {
        let new = |id: &str| Merchant::new(MerchantId::try_new(id).unwrap(), "");
        let (provider, mut sub, mut third) = (new("1"), new("2"), new("3"));
        let mut app = App::new(AppId::try_new("wx1").unwrap());
        let judge =
            |sub: &Merchant, payer: &Merchant, app: &App| provider.judge_provision(Some(sub), Some(payer), Some(app));
        app.merchants = vec![sub.id.clone()];
        assert_eq!(judge(&sub, &sub, &app), Err(ProvisionRefusal::NotAdmitted));
        sub.providers.push(provider.id.clone());
        assert_eq!(judge(&sub, &sub, &app), Ok(()));
        assert_eq!(judge(&sub, &provider, &app), Ok(()));
        assert_eq!(judge(&sub, &third, &app), Err(ProvisionRefusal::NotAdmitted));
        third.providers.push(provider.id.clone());
        assert_eq!(judge(&sub, &third, &app), Ok(()));
        assert_eq!(provider.judge_provision(None, Some(&provider), Some(&app)), Err(ProvisionRefusal::NotAdmitted));
        assert_eq!(provider.judge_provision(Some(&sub), None, Some(&app)), Err(ProvisionRefusal::NotAdmitted));
        app.merchants = vec![provider.id.clone()];
        assert_eq!(judge(&sub, &sub, &app), Ok(()));
        app.merchants = vec![third.id.clone()];
        assert_eq!(judge(&sub, &sub, &app), Err(ProvisionRefusal::MessageAppNotBound));
    }

    #[test]
    fn people_are_sent_to_registered_hosts_only() {
        let mut app = App::new(AppId::try_new("wx1").unwrap());
        assert!(!app.may_redirect_to("example.com", 443));
        app.redirect_hosts = vec!["example.com".to_owned(), "127.0.0.1:8080".to_owned()];
        assert!(app.may_redirect_to("example.com", 443) && app.may_redirect_to("example.com", 8443));
        assert!(app.may_redirect_to("127.0.0.1", 8080) && !app.may_redirect_to("127.0.0.1", 80));
        for other in ["www.example.com", "example.com.evil.com", "evil-example.com", "com", ""] {
            assert!(!app.may_redirect_to(other, 443), "{other}");
        }
    }

    #[test]
    fn a_merchant_is_established_after_ninety_days_and_thirty_of_trading() {
        let day = 86_400_000;
        let new = Merchant { entered_at: Some(at(0)), trading_since: Some(at(70 * day)), ..merchant() };
        assert!(!new.is_established(at(100 * day - 1)) && new.is_established(at(100 * day)));
        let trading = Merchant { trading_since: Some(at(0)), ..new };
        assert!(!trading.is_established(at(90 * day - 1)) && trading.is_established(at(90 * day)));
        assert!(merchant().is_established(at(0)));
    }
}
