//! What is measured on what? The machine, the certificates, and the packets that are sent.

use hongbao_types::ApiKey;
use hongbao_wire::{Params, SignType, encode, sign};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, PKCS_ED25519,
    PKCS_RSA_SHA256,
};

pub(crate) const MERCHANT: &str = "10000098";
pub(crate) const APP: &str = "wx8888888888888888";
pub(crate) const KEY: &str = "192006250b4c09247ec02edce69f6a2d";
/// Every packet's amount: 1 yuan.
pub(crate) const AMOUNT_FEN: i64 = 100;

/// The processor, the cores and the kernel.
pub(crate) fn machine() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("?");
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{} cores, {}, Linux {}", cores, model.trim_matches([':', ' ', '\t']), kernel.trim())
}

/// Everybody's certificates, PEM.
pub(crate) struct Certificates {
    pub(crate) authority: String,
    pub(crate) server: (String, String),
    pub(crate) merchant: (String, String),
    /// The app's, by which claims are asserted.
    pub(crate) app_key: String,
    pub(crate) app_public_key: String,
}

impl Certificates {
    pub(crate) fn generate() -> anyhow::Result<Certificates> {
        let key = KeyPair::generate()?;
        let mut params = named("Hongbao Bench CA");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        let authority = params.self_signed(&key)?.pem();
        let issuer = Issuer::new(params, key);

        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()])?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate()?;
        let server = (params.signed_by(&key, &issuer)?.pem(), key.serialize_pem());

        // RSA with 2048 bits, as WeChat Pay's merchant certificates are.
        let mut params = named(MERCHANT);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate_for(&PKCS_RSA_SHA256)?;
        let merchant = (params.signed_by(&key, &issuer)?.pem(), key.serialize_pem());
        let app = KeyPair::generate_for(&PKCS_ED25519)?;
        let (app_key, app_public_key) = (app.serialize_pem(), app.public_key_pem());
        Ok(Certificates { authority, server, merchant, app_key, app_public_key })
    }
}

fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

/// A person for each number, as anybody's openid looks.
pub(crate) fn openid(number: u64) -> String {
    // Spread as real ones are, so that a store finds no order in them.
    let spread = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    format!("oTWI{spread:016x}{:08}", number % 100_000_000)
}

/// The bill number that the official page suggests: merchant number, date, ten digits.
pub(crate) fn bill_no(number: u64) -> String {
    format!("{MERCHANT}20141111{number:010}")
}

/// The body of a send, signed.
pub(crate) fn body(number: u64, key: &ApiKey) -> String {
    let (amount, openid, bill_no) = (AMOUNT_FEN.to_string(), openid(number), bill_no(number));
    let mut params = Params::from_pairs([
        ("nonce_str", format!("{number:032x}").as_str()),
        ("mch_billno", &bill_no),
        ("mch_id", MERCHANT),
        ("wxappid", APP),
        ("send_name", "天虹百货"),
        ("re_openid", &openid),
        ("total_amount", &amount),
        ("total_num", "1"),
        ("wishing", "感谢您参加猜灯谜活动，祝您元宵节快乐！"),
        ("client_ip", "192.168.0.1"),
        ("act_name", "猜灯谜抢红包活动"),
        ("remark", "猜越多得越多，快来抢！"),
        ("scene_id", "PRODUCT_2"),
    ])
    .expect("plain names and texts");
    let signature = sign::sign(SignType::Md5, &params, key);
    params.set("sign", signature).expect("a signature is a value");
    encode(&params)
}
