//! A running platform with a clock of our own, and everybody's way into it: on a store in memory, or, behind a balancer,
//! several on PostgreSQL (`test_store`).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hongbao_engine::directory::Validity;
use hongbao_server::{
    Addresses, AdminDoor, Doors, HttpBounds, PeopleLimits, Platform, PlatformOptions, Server, TlsOptions,
};
use hongbao_store::clock::ManualClock;
use hongbao_store::faulty::Faults;
use hongbao_store::{Currency, LaneBounds, StoreInfo, StoreKind};
use hongbao_types::{ApiKey, Timestamp, WorkwxSecret};
use hongbao_wire::{Endpoint, Params, SignType, decode_reply, encode, sign};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ED25519,
};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};

use crate::test_store::{NODES, TestStore, empty_store};

/// 2014-11-11 12:00:00 in Beijing, as real time and as the store's.
pub(crate) const NOON: Timestamp = Timestamp::from_millis(1_415_678_400_000);
pub(crate) const DAY_MS: i64 = 86_400_000;

pub(crate) const MERCHANT: &str = "10000098";
pub(crate) const APP: &str = "wx8888888888888888";
pub(crate) const OPENID: &str = "oxTWIuGaIt6gTKsQRLau2M0yL16E";
pub(crate) const OTHER_OPENID: &str = "onqOjjmM1tad-3ROpncN-yUfa6uI";
pub(crate) const BILL_NO: &str = "10000098201411111234567890";
/// A key that must never be seen anywhere.
pub(crate) const KEY: &str = "CANARYKEY0123456789abcdef0123456";
/// A corporation of 企业微信, and the secret that `workwx_sign` is made with.
pub(crate) const CORPORATION: &str = "wx123456789";
pub(crate) const WORKWX_SECRET: &str = "CANARYSECRET456789abcdef01234567";
pub(crate) const TOKEN: &str = "a-token-of-at-least-thirty-two-characters";

/// Long enough for anything that happens at all, on the slowest machine.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// An address behind which these answer, a connection each in turn: a balancer that passes everything through.
async fn balanced(nodes: Vec<SocketAddr>) -> SocketAddr {
    if let [only] = nodes[..] {
        return only;
    }
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for node in nodes.into_iter().cycle() {
            let Ok((mut guest, _)) = listener.accept().await else { break };
            tokio::spawn(async move {
                let mut node = TcpStream::connect(node).await?;
                tokio::io::copy_bidirectional(&mut guest, &mut node).await
            });
        }
    });
    address
}

pub(crate) struct Rig {
    pub(crate) server: Server<TestStore>,
    pub(crate) store: TestStore,
    _others: Vec<Server<TestStore>>,
    pub(crate) addresses: Addresses,
    pub(crate) clock: ManualClock,
    pub(crate) faults: Faults,
    pub(crate) authority: Authority,
    app_key: KeyPair,
    pub(crate) http: reqwest::Client,
}

/// A certificate and its key, PEM.
pub(crate) struct Identity {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// One that issues certificates.
pub(crate) struct Authority {
    pub(crate) pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new() -> Authority {
        let key = KeyPair::generate().unwrap();
        let mut params = params("Test CA", &[], (2000, 2050));
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let pem = params.self_signed(&key).unwrap().pem();
        Authority { pem, issuer: Issuer::new(params, key) }
    }

    /// A client certificate for these years.
    pub(crate) fn client(&self, years: (i32, i32)) -> Identity {
        self.issue(params(MERCHANT, &[], years), ExtendedKeyUsagePurpose::ClientAuth)
    }

    pub(crate) fn server(&self) -> Identity {
        self.issue(params("localhost", &["127.0.0.1"], (2000, 2050)), ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// A client certificate for this key, changed like this.
    pub(crate) fn client_of(&self, key: &KeyPair, change: impl FnOnce(&mut CertificateParams)) -> Identity {
        let mut params = params(MERCHANT, &[], (2014, 2015));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        change(&mut params);
        let certificate = params.signed_by(key, &self.issuer).unwrap().pem();
        Identity { certificate, key: key.serialize_pem() }
    }

    fn issue(&self, mut params: CertificateParams, usage: ExtendedKeyUsagePurpose) -> Identity {
        let key = KeyPair::generate().unwrap();
        params.extended_key_usages = vec![usage];
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        Identity { certificate, key: key.serialize_pem() }
    }
}

pub(crate) fn params(name: &str, names: &[&str], years: (i32, i32)) -> CertificateParams {
    let mut params = CertificateParams::new(names.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = rcgen::date_time_ymd(years.0, 1, 1);
    params.not_after = rcgen::date_time_ymd(years.1, 1, 1);
    params
}

impl Rig {
    /// A platform with the merchant and the app of the official samples, and 5000 fen.
    pub(crate) async fn start() -> Rig {
        Rig::bounded(HttpBounds::default()).await
    }

    /// The same, putting up with this.
    pub(crate) async fn bounded(http: HttpBounds) -> Rig {
        let rig = Rig::empty_with(StoreKind::Sandbox, PlatformOptions { http, ..PlatformOptions::default() }).await;
        rig.furnish().await;
        rig
    }

    /// The same, whose people may call so often.
    pub(crate) async fn with_people(people: PeopleLimits) -> Rig {
        let rig = Rig::empty_with(StoreKind::Sandbox, PlatformOptions { people, ..PlatformOptions::default() }).await;
        rig.furnish().await;
        rig
    }

    /// The same, live: it has no door without TLS.
    pub(crate) async fn live() -> Rig {
        let rig = Rig::empty_with(StoreKind::Live, PlatformOptions::default()).await;
        rig.furnish().await;
        rig
    }

    async fn furnish(&self) {
        self.put_merchant(json!({ "name": "天虹百货", "keys": [{ "key": KEY }] })).await;
        self.put_app(APP, json!({})).await;
        self.top_up("T1", 5000).await;
    }

    pub(crate) async fn empty() -> Rig {
        Rig::empty_with(StoreKind::Sandbox, PlatformOptions::default()).await
    }

    async fn empty_with(kind: StoreKind, options: PlatformOptions) -> Rig {
        let clock = ManualClock::new(NOON);
        let info = StoreInfo { kind, currency: Currency::renminbi() };
        let store = empty_store(info, &clock).await;
        let faults = store.faults();
        let authority = Authority::new();
        let identity = authority.server();
        let tls = || TlsOptions {
            identity: hongbao_identity::Identity::from_pem(&identity.certificate, &identity.key).unwrap(),
            client_authorities_pem: authority.pem.clone(),
        };
        let any = ([127, 0, 0, 1], 0).into();
        let doors = || Doors {
            tls: Some((any, tls())),
            plain: (kind == StoreKind::Sandbox).then_some(any),
            admin: vec![AdminDoor::Address(any, TOKEN.to_owned())],
            balancers: Vec::new(),
        };
        // Nothing expires until it is asked to, so that the moment before can be seen.
        let mut options = PlatformOptions { expire_every: None, ..options };
        if NODES > 1 {
            // What is changed by way of one node is known to the next one at once.
            options.directory_max_age = Duration::ZERO;
        }
        let mut servers = Vec::new();
        for _ in 0..NODES {
            let platform = Platform::start(store.clone(), Arc::new(clock.clone()), &options).unwrap();
            servers.push(Server::start(platform, doors()).await.unwrap());
        }
        let app_key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
        let of = |door: fn(Addresses) -> Option<SocketAddr>| -> Vec<SocketAddr> {
            servers.iter().filter_map(|server| door(server.addresses())).collect()
        };
        let addresses = Addresses {
            tls: Some(balanced(of(|addresses| addresses.tls)).await),
            plain: match kind {
                StoreKind::Sandbox => Some(balanced(of(|addresses| addresses.plain)).await),
                StoreKind::Live => None,
            },
            admin: Some(balanced(of(|addresses| addresses.admin)).await),
        };
        let server = servers.remove(0);
        // A new connection for every call, so that none is lost to a door that closes meanwhile.
        let http = reqwest::Client::builder().pool_max_idle_per_host(0).timeout(PATIENCE).build().unwrap();
        Rig { server, _others: servers, store, addresses, clock, faults, authority, app_key, http }
    }

    /// Another platform on the same store, which waits for nothing that does not come soon.
    pub(crate) async fn impatient(&self, lane: LaneBounds) -> Server<TestStore> {
        let patience = Duration::from_millis(500);
        self.another(PlatformOptions { patience, lane, ..PlatformOptions::default() }).await
    }

    /// Another platform on the same store.
    pub(crate) async fn another(&self, options: PlatformOptions) -> Server<TestStore> {
        self.another_behind(Doors { plain: Some(([127, 0, 0, 1], 0).into()), ..Doors::default() }, options).await
    }

    /// The same, with these doors.
    pub(crate) async fn another_behind(&self, doors: Doors, options: PlatformOptions) -> Server<TestStore> {
        let options = PlatformOptions { expire_every: None, ..options };
        let platform = Platform::start(self.store.clone(), Arc::new(self.clock.clone()), &options).unwrap();
        Server::start(platform, doors).await.unwrap()
    }

    /// Posts bytes to a path of the plain door; the whole answer.
    pub(crate) async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> String {
        self.post_to(&self.addresses, path, body).await
    }

    /// The same to somebody's plain door.
    pub(crate) async fn post_to(&self, door: &Addresses, path: &str, body: impl Into<reqwest::Body>) -> String {
        let url = format!("http://{}{path}", door.plain.unwrap());
        let reply = self.http.post(url).body(body).send().await.unwrap();
        assert_eq!(reply.status(), StatusCode::OK);
        assert_eq!(reply.headers()["content-type"], "text/xml; charset=utf-8");
        reply.text().await.unwrap()
    }

    /// Posts these fields, signed.
    pub(crate) async fn posted(&self, endpoint: &Endpoint, fields: &[(String, String)]) -> String {
        self.post(endpoint.path, signed(KEY, fields)).await
    }

    /// Posts the endpoint's sample, changed like this, signed as often as it must be.
    pub(crate) async fn call(&self, endpoint: &Endpoint, changes: &[(&str, &str)]) -> String {
        self.posted(endpoint, &fields_of(endpoint, changes)).await
    }

    /// Sends the official sample's packet, changed like this, signed with `key`.
    pub(crate) async fn send_with(&self, key: &str, changes: &[(&str, &str)]) -> String {
        self.post("/mmpaymkttransfers/sendredpack", signed(key, &with(&sample(), changes))).await
    }

    pub(crate) async fn send(&self, changes: &[(&str, &str)]) -> String {
        self.send_with(KEY, changes).await
    }

    pub(crate) async fn query(&self, bill_no: &str) -> String {
        self.post("/mmpaymkttransfers/gethbinfo", signed(KEY, &with(&query_sample(), &[("mch_billno", bill_no)]))).await
    }

    /// The signed sample over TLS, with or without a certificate.
    pub(crate) async fn send_over_tls(&self, identity: Option<&Identity>) -> String {
        let url = format!("https://{}/mmpaymkttransfers/sendredpack", self.addresses.tls.unwrap());
        let reply = self.tls_client(identity).post(url).body(signed(KEY, &sample())).send().await.unwrap();
        reply.text().await.unwrap()
    }

    /// One who trusts the TLS door, with or without a certificate.
    pub(crate) fn tls_client(&self, identity: Option<&Identity>) -> reqwest::Client {
        let mut http = reqwest::Client::builder()
            .timeout(PATIENCE)
            .tls_certs_only([reqwest::Certificate::from_pem(self.authority.pem.as_bytes()).unwrap()]);
        if let Some(Identity { certificate, key }) = identity {
            http = http.identity(reqwest::Identity::from_pem(format!("{certificate}{key}").as_bytes()).unwrap());
        }
        http.build().unwrap()
    }

    /// Stores the merchant; keys that are left out stay.
    pub(crate) async fn put_merchant(&self, body: Value) {
        self.put_merchant_as(MERCHANT, body).await;
    }

    pub(crate) async fn put_merchant_as(&self, merchant: &str, body: Value) {
        let (status, reply) = self.put(&format!("/admin/merchants/{merchant}?replace=true"), &body).await;
        assert_eq!(status, StatusCode::NO_CONTENT, "{reply}");
    }

    /// Stores an app of the merchant, with the key of its operator, changed like this.
    pub(crate) async fn put_app(&self, app: &str, changes: Value) {
        let mut body = json!({
            "keys": [{ "id": "k1", "public_key_pem": self.app_key.public_key_pem() }],
            "merchants": [MERCHANT],
        });
        body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        let (status, reply) = self.put(&format!("/admin/apps/{app}?replace=true"), &body).await;
        assert_eq!(status, StatusCode::NO_CONTENT, "{reply}");
    }

    /// Stores the corporation, with its secret.
    pub(crate) async fn put_corporation(&self) {
        self.put_app(CORPORATION, json!({ "kind": "corporation", "workwx_secret": WORKWX_SECRET })).await;
    }

    pub(crate) async fn top_up(&self, reference: &str, fen: i64) {
        self.top_up_of(MERCHANT, reference, fen).await;
    }

    pub(crate) async fn top_up_of(&self, merchant: &str, reference: &str, fen: i64) {
        let body = json!({ "reference": reference, "merchant_id": merchant, "amount_fen": fen });
        assert_eq!(self.admin("POST", "/admin/top-ups", Some(&body)).await.0, StatusCode::OK);
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        self.admin("PUT", path, Some(body)).await
    }

    pub(crate) async fn get(&self, path: &str) -> (StatusCode, Value) {
        self.admin("GET", path, None).await
    }

    pub(crate) async fn admin(&self, method: &str, path: &str, body: Option<&Value>) -> (StatusCode, Value) {
        let url = format!("http://{}{path}", self.addresses.admin.unwrap());
        let mut request = self.http.request(method.parse().unwrap(), url).bearer_auth(TOKEN);
        if let Some(body) = body {
            request = request.json(body);
        }
        let reply = request.send().await.unwrap();
        let status = reply.status();
        let text = reply.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    pub(crate) async fn funds(&self) -> i64 {
        self.funds_of(MERCHANT).await
    }

    pub(crate) async fn funds_of(&self, merchant: &str) -> i64 {
        self.get(&format!("/admin/merchants/{merchant}")).await.1["funds_fen"].as_i64().unwrap()
    }

    /// What a person has under the app.
    pub(crate) async fn wallet(&self, openid: &str) -> i64 {
        self.get(&format!("/admin/apps/{APP}/wallets/{openid}")).await.1["balance_fen"].as_i64().unwrap()
    }

    /// Does what time has brought: how many packets went back, how many failed.
    pub(crate) async fn expire(&self) -> (u64, u64) {
        let (_, done) = self.admin("POST", "/admin/expire", None).await;
        (done["refunded"].as_u64().unwrap(), done["failed"].as_u64().unwrap())
    }

    pub(crate) async fn assert_books(&self, packets: u64) {
        let (_, audit) = self.get("/admin/audit").await;
        assert_eq!((&audit["is_clean"], &audit["packets"]), (&json!(true), &json!(packets)), "{audit}");
    }

    /// Opens a packet with this assertion.
    pub(crate) async fn claim_with(&self, packet: &str, assertion: &str) -> (StatusCode, Value) {
        let url = format!("http://{}/packets/{packet}/claims", self.addresses.plain.unwrap());
        let reply = self.http.post(url).bearer_auth(assertion).send().await.unwrap();
        (reply.status(), reply.json().await.unwrap())
    }

    /// Asks for something of a packet, as this person, perhaps by the token of a link.
    pub(crate) async fn person(
        &self,
        method: &str,
        path: &str,
        packet: &str,
        openid: &str,
        link: Option<&str>,
    ) -> (StatusCode, Value) {
        let url = format!("http://{}/packets/{packet}{path}", self.addresses.plain.unwrap());
        let assertion = self.assertion(packet, &json!({ "sub": openid }));
        let mut request = self.http.request(method.parse().unwrap(), url).bearer_auth(assertion);
        if let Some(link) = link {
            request = request.header("hongbao-link", link);
        }
        let reply = request.send().await.unwrap();
        (reply.status(), reply.json().await.unwrap())
    }

    /// Opens a share by the link that was shared.
    pub(crate) async fn claim_by_link(&self, packet: &str, openid: &str, link: &str) -> (StatusCode, Value) {
        self.person("POST", "/claims", packet, openid, Some(link)).await
    }

    pub(crate) async fn claim(&self, packet: &str, openid: &str) -> (StatusCode, Value) {
        self.claim_with(packet, &self.assertion(packet, &json!({ "sub": openid }))).await
    }

    /// An assertion by the app, its claims changed like this.
    pub(crate) fn assertion(&self, packet: &str, changes: &Value) -> String {
        self.assertion_of(&self.assertion_claims(packet, changes))
    }

    pub(crate) fn assertion_of(&self, claims: &Value) -> String {
        let key = EncodingKey::from_ed_pem(self.app_key.serialize_pem().as_bytes()).unwrap();
        let header = Header { kid: Some("k1".to_owned()), ..Header::new(Algorithm::EdDSA) };
        jsonwebtoken::encode(&header, claims, &key).unwrap()
    }

    /// An assertion that only says who is there.
    pub(crate) fn identity(&self, openid: &str) -> String {
        let mut claims = self.assertion_claims("", &json!({ "sub": openid }));
        claims.as_object_mut().unwrap().remove("packet");
        self.assertion_of(&claims)
    }

    pub(crate) fn assertion_claims(&self, packet: &str, changes: &Value) -> Value {
        use hongbao_store::clock::Clock;
        let now = self.clock.now().as_millis() / 1000;
        let mut claims = json!({
            "iss": APP, "sub": OPENID, "aud": "hongbao", "packet": packet, "iat": now, "exp": now + 300,
        });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims
    }
}

/// The fields of the official page's sample.
pub(crate) fn sample() -> Vec<(String, String)> {
    pairs(&[
        ("nonce_str", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS"),
        ("mch_billno", BILL_NO),
        ("mch_id", MERCHANT),
        ("wxappid", APP),
        ("send_name", "天虹百货"),
        ("re_openid", OPENID),
        ("total_amount", "1000"),
        ("total_num", "1"),
        ("wishing", "感谢您参加猜灯谜活动，祝您元宵节快乐！"),
        ("client_ip", "192.168.0.1"),
        ("act_name", "猜灯谜抢红包活动"),
        ("remark", "猜越多得越多，快来抢！"),
        ("scene_id", "PRODUCT_8"),
    ])
}

pub(crate) fn query_sample() -> Vec<(String, String)> {
    pairs(&[
        ("nonce_str", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS"),
        ("mch_billno", BILL_NO),
        ("mch_id", MERCHANT),
        ("appid", APP),
        ("bill_type", "MCHT"),
    ])
}

/// A request that each endpoint takes: what the pages show.
pub(crate) fn sample_of(endpoint: &Endpoint) -> Vec<(String, String)> {
    let without = |names: &[&str]| -> Vec<(String, String)> {
        sample().into_iter().filter(|(name, _)| !names.contains(&name.as_str())).collect()
    };
    match endpoint.name {
        "sendredpack" => sample(),
        "sendgroupredpack" => with(&without(&["client_ip"]), &[("total_num", "3"), ("amt_type", "ALL_RAND")]),
        "sendminiprogramhb" => with(&without(&["client_ip"]), &[("notify_way", "MINI_PROGRAM_JSAPI")]),
        "gethbinfo" => query_sample(),
        "hbpreorder" => with(
            &without(&["client_ip", "re_openid", "scene_id"]),
            &[
                ("hb_type", "NORMAL"),
                ("amt_type", "ALL_RAND"),
                ("auth_mchid", "1000052601"),
                ("auth_appid", "wxbf42bd79c4391863"),
                ("risk_cntl", "NORMAL"),
            ],
        ),
        "sendworkwxredpack" => with(
            &without(&["client_ip", "send_name", "total_num"]),
            &[
                ("wxappid", CORPORATION),
                ("sender_name", "XX活动"),
                ("sender_header_media_id", "1G6nrLmr5EC3MMb_-zK1dDdzmd0p7cNliYu9V5w7o8K0"),
            ],
        ),
        "queryworkwxredpack" => pairs(&[
            ("nonce_str", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS"),
            ("mch_billno", BILL_NO),
            ("mch_id", MERCHANT),
            ("appid", CORPORATION),
        ]),
        "transfers" => pairs(&[
            ("mch_appid", APP),
            ("mchid", MERCHANT),
            ("nonce_str", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS"),
            ("partner_trade_no", BILL_NO),
            ("openid", OPENID),
            ("check_name", "FORCE_CHECK"),
            ("re_user_name", "王小王"),
            ("amount", "1000"),
            ("desc", "理赔"),
            ("spbill_create_ip", "192.168.0.1"),
        ]),
        "gettransferinfo" => pairs(&[
            ("nonce_str", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS"),
            ("partner_trade_no", BILL_NO),
            ("mch_id", MERCHANT),
            ("appid", APP),
        ]),
        other => panic!("{other} needs a sample"),
    }
}

/// The endpoint's sample, changed like this; with the inner signature of 企业微信, unless that is among the changes.
pub(crate) fn fields_of(endpoint: &Endpoint, changes: &[(&str, &str)]) -> Vec<(String, String)> {
    let fields = with(&sample_of(endpoint), changes);
    if endpoint.field("workwx_sign").is_none() || changes.iter().any(|(name, _)| *name == "workwx_sign") {
        return fields;
    }
    let params = Params::from_pairs(fields.clone()).unwrap();
    let inner = sign::workwx_sign(&params, &WorkwxSecret::try_new(WORKWX_SECRET).unwrap());
    with(&fields, &[("workwx_sign", &inner)])
}

/// A reply of these elements.
pub(crate) fn xml(elements: impl IntoIterator<Item = String>) -> String {
    format!("<xml>\n{}</xml>", elements.into_iter().collect::<String>())
}

/// An element with a text.
pub(crate) fn text(name: &str, value: &str) -> String {
    format!("<{name}><![CDATA[{value}]]></{name}>\n")
}

/// An element with a plain number.
pub(crate) fn number(name: &str, value: &str) -> String {
    format!("<{name}>{value}</{name}>\n")
}

/// The envelope of a success since 2016, and of an error.
pub(crate) fn envelope(result_code: &str, err_code: &str, words: &str) -> String {
    [
        text("return_code", "SUCCESS"),
        text("return_msg", words),
        text("result_code", result_code),
        text("err_code", err_code),
        text("err_code_des", words),
    ]
    .concat()
}

/// Whether a reply has a signature, which is right then.
pub(crate) fn is_signed(xml: &str) -> bool {
    let reply = decode_reply(xml.as_bytes()).unwrap();
    let Some(claimed) = reply.fields.get("sign") else { return false };
    assert_eq!(claimed, sign::sign(SignType::Md5, &reply.fields, &ApiKey::try_new(KEY).unwrap()), "{xml}");
    true
}

/// The names of a reply's elements, in its order; those of an `hblist` not.
pub(crate) fn names(xml: &str) -> Vec<String> {
    decode_reply(xml.as_bytes()).unwrap().fields.iter().map(|(name, _)| name.to_owned()).collect()
}

pub(crate) fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Fields with some of them changed, or added at the end.
pub(crate) fn with(fields: &[(String, String)], changes: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut fields = fields.to_vec();
    for (name, value) in changes {
        match fields.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => (*value).clone_into(known),
            None => fields.push(((*name).to_owned(), (*value).to_owned())),
        }
    }
    fields
}

/// A request body: the fields and their signature by `key`.
pub(crate) fn signed(key: &str, fields: &[(String, String)]) -> String {
    let mut params = Params::from_pairs(fields.to_vec()).unwrap();
    let signature = sign::sign(SignType::Md5, &params, &ApiKey::try_new(key).unwrap());
    params.set("sign", signature).unwrap();
    encode(&params)
}

/// The text of an element, whatever it is wrapped in.
pub(crate) fn element<'a>(xml: &'a str, name: &str) -> &'a str {
    let (_, rest) = xml.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("no {name} in {xml}"));
    let (text, _) = rest.split_once(&format!("</{name}>")).unwrap();
    text.strip_prefix("<![CDATA[").and_then(|text| text.strip_suffix("]]>")).unwrap_or(text)
}

/// The three codes of a reply.
pub(crate) fn codes(xml: &str) -> [&str; 3] {
    ["return_code", "result_code", "err_code"].map(|name| element(xml, name))
}

/// The merchant with this certificate, and the key and the app as usual.
pub(crate) fn merchant_with(identities: &[(&Identity, Validity)]) -> Value {
    let certificates = identities.iter().map(|(identity, validity)| {
        let until =
            validity.until.map(|until| jiff::Timestamp::from_millisecond(until.as_millis()).unwrap().to_string());
        json!({ "pem": identity.certificate, "valid_until": until })
    });
    json!({ "keys": [{ "key": KEY }], "certificates": certificates.collect::<Vec<_>>() })
}
