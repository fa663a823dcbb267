//! What does one need to try the platform? A private authority, a server certificate from it, and a
//! merchant and an app with keys of their own; in memory, or as files named as WeChat Pay names them.

use std::path::Path;

use anyhow::Context;
use hongbao::Identity;
use hongbao_server::TlsOptions;
use hongbao_types::{ApiKey, AppId, MerchantId};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ED25519, PKCS_RSA_SHA256,
};

use crate::error::{Explain, Result};
use crate::files::write_private;

/// The merchant, the app and the person of the official samples.
pub(crate) const MERCHANT_ID: &str = "10000098";
pub(crate) const MERCHANT_NAME: &str = "天虹百货";
pub(crate) const APP_ID: &str = "wx8888888888888888";
pub(crate) const OPENID: &str = "oxTWIuGaIt6gTKsQRLau2M0yL16E";
/// The name of the app's key in an assertion's header.
pub(crate) const APP_KEY_ID: &str = "dev";

/// Names that the server certificate covers: this machine, and WeChat's hosts, for clients that can't
/// change the host.
const SERVER_NAMES: [&str; 6] =
    ["localhost", "127.0.0.1", "::1", "api.mch.weixin.qq.com", "api.weixin.qq.com", "open.weixin.qq.com"];

/// Everything, in PEM.
pub(crate) struct Kit {
    pub(crate) authority_pem: String,
    pub(crate) server_certificate_pem: String,
    pub(crate) server_key_pem: String,
    pub(crate) merchant_certificate_pem: String,
    pub(crate) merchant_key_pem: String,
    pub(crate) api_key: String,
    pub(crate) app_key_pem: String,
    pub(crate) app_public_key_pem: String,
    pub(crate) app_secret: String,
}

impl Kit {
    /// Fresh keys and certificates.
    pub(crate) fn generate() -> Result<Kit> {
        generate().explain("keys and certificates could not be made")
    }

    /// Writes the files into `folder`, readable by their owner only.
    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        let files = [
            ("rootca.pem", &self.authority_pem),
            ("server_cert.pem", &self.server_certificate_pem),
            ("server_key.pem", &self.server_key_pem),
            ("apiclient_cert.pem", &self.merchant_certificate_pem),
            ("apiclient_key.pem", &self.merchant_key_pem),
            ("app_key.pem", &self.app_key_pem),
            ("app_public_key.pem", &self.app_public_key_pem),
            ("app_secret.txt", &self.app_secret),
        ];
        files.into_iter().try_for_each(|(name, content)| write_private(&folder.join(name), content.as_bytes()))?;
        // Password: the merchant number, as WeChat Pay does it.
        let p12 = self.merchant_identity()?.to_p12(MERCHANT_ID).explain("apiclient_cert.p12")?;
        write_private(&folder.join("apiclient_cert.p12"), &p12)?;
        // The last one: where it is, all are.
        write_private(&folder.join("api_key.txt"), self.api_key.as_bytes())
    }

    /// Reads back what [`write`](Kit::write) wrote.
    pub(crate) fn read(folder: &Path) -> Result<Kit> {
        let read = |name: &str| {
            let path = folder.join(name);
            std::fs::read_to_string(&path)
                .explain(path.display())
                .map_err(|failure| failure.hint("put the file back, or begin anew in another folder: --dir FOLDER"))
        };
        Ok(Kit {
            authority_pem: read("rootca.pem")?,
            server_certificate_pem: read("server_cert.pem")?,
            server_key_pem: read("server_key.pem")?,
            merchant_certificate_pem: read("apiclient_cert.pem")?,
            merchant_key_pem: read("apiclient_key.pem")?,
            api_key: read("api_key.txt")?.trim().to_owned(),
            app_key_pem: read("app_key.pem")?,
            app_public_key_pem: read("app_public_key.pem")?,
            app_secret: read("app_secret.txt")?.trim().to_owned(),
        })
    }

    /// What the merchant shows.
    pub(crate) fn merchant_identity(&self) -> Result<Identity> {
        Identity::from_pem(&self.merchant_certificate_pem, &self.merchant_key_pem).explain("apiclient_cert.pem")
    }

    /// The server's side of TLS.
    pub(crate) fn tls_options(&self) -> Result<TlsOptions> {
        let identity = Identity::from_pem(&self.server_certificate_pem, &self.server_key_pem);
        Ok(TlsOptions {
            identity: identity.explain("server_cert.pem")?,
            client_authorities_pem: self.authority_pem.clone(),
        })
    }

    pub(crate) fn api_key(&self) -> Result<ApiKey> {
        ApiKey::try_new(&self.api_key).explain("api_key.txt")
    }

    pub(crate) fn merchant_id() -> MerchantId {
        MerchantId::try_new(MERCHANT_ID).expect("the sample is a merchant number")
    }

    pub(crate) fn app_id() -> AppId {
        AppId::try_new(APP_ID).expect("the sample is an app id")
    }
}

fn generate() -> std::result::Result<Kit, anyhow::Error> {
    let authority_key = KeyPair::generate()?;
    let mut params = params("Hongbao Development CA", &[])?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority: Certificate = params.self_signed(&authority_key)?;
    let issuer = Issuer::new(params, authority_key);

    let server_key = KeyPair::generate()?;
    let mut params = self::params("localhost", &SERVER_NAMES)?;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let server = params.signed_by(&server_key, &issuer)?;

    // RSA with 2048 bits, as WeChat Pay's merchant certificates are.
    let merchant_key = KeyPair::generate_for(&PKCS_RSA_SHA256)?;
    let mut params = self::params(MERCHANT_ID, &[])?;
    params.distinguished_name.push(DnType::OrganizationName, "微信商户系统");
    params.distinguished_name.push(DnType::OrganizationalUnitName, MERCHANT_NAME);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let merchant = params.signed_by(&merchant_key, &issuer)?;

    let app_key = KeyPair::generate_for(&PKCS_ED25519)?;
    Ok(Kit {
        authority_pem: authority.pem(),
        server_certificate_pem: server.pem(),
        server_key_pem: server_key.serialize_pem(),
        merchant_certificate_pem: merchant.pem(),
        merchant_key_pem: merchant_key.serialize_pem(),
        api_key: random_api_key()?.expose().to_owned(),
        app_key_pem: readable_everywhere(&app_key)?,
        app_public_key_pem: app_key.public_key_pem(),
        // In the form of WeChat's: 32 hexadecimal digits.
        app_secret: random_api_key()?.expose().to_owned(),
    })
}

/// An Ed25519 key in the first version of PKCS#8 (RFC 8410): OpenSSL, and with it Node.js and Python, can't read the
/// second, which has the public key at its end.
fn readable_everywhere(key: &KeyPair) -> std::result::Result<String, anyhow::Error> {
    const HEAD: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    let der = key.serialize_der();
    let at = der.windows(11).position(|part| part == &HEAD[5..]).context("no Ed25519 key")? + 11;
    let seed = der.get(at..at + 32).context("no Ed25519 key")?;
    let key = pem::Pem::new("PRIVATE KEY", [&HEAD[..], seed].concat());
    Ok(pem::encode_config(&key, pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF)))
}

fn params(common_name: &str, names: &[&str]) -> std::result::Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(names.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    let year = i32::from(jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).year());
    params.not_before = rcgen::date_time_ymd(year - 1, 1, 1);
    params.not_after = rcgen::date_time_ymd(year + 10, 1, 1);
    Ok(params)
}

/// A new API key: 32 hexadecimal digits.
pub(crate) fn random_api_key() -> std::result::Result<ApiKey, anyhow::Error> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
    Ok(ApiKey::try_new(&hex::encode(bytes))?)
}
