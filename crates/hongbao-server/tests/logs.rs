//! What a log says: why a request was refused, and no secret. A process of its own, for there is one
//! log in a process.
#![expect(clippy::unwrap_used, reason = "a test fails when one of its steps does")]

#[path = "it/store_memory.rs"]
mod test_store;

#[path = "it/rig.rs"]
#[expect(dead_code, reason = "shared with the other tests, which use more of it")]
mod rig;

use std::io::Write;
use std::sync::{Arc, Mutex};

use serde_json::json;

use rig::{APP, KEY, OPENID, Rig, element, sample, signed};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// All that was logged since the last call.
    fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn every_refusal_says_why_in_one_line_and_nothing_shows_a_secret() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .init();

    let rig = Rig::start().await;
    let mut all = log.take();
    let body = signed(KEY, &sample());
    let signature = element(&body, "sign").to_owned();
    let refusals = [
        ("code=\"PARAM_ERROR\" why=the field total_num is wrong or missing", KEY, vec![("total_num", "2")]),
        ("code=\"SIGN_ERROR\" why=signature does not match", "0123456789abcdef0123456789abcdef", vec![]),
        ("code=\"MONEY_LIMIT\"", KEY, vec![("total_amount", "20001")]),
        ("code=\"NOTENOUGH\" why=landed: insufficient_funds", KEY, vec![("total_amount", "6000")]),
    ];
    for (expected, key, changes) in refusals {
        rig.send_with(key, &changes).await;
        let line = log.take();
        let lines = line.lines().filter(|line| line.contains("a request was refused")).count();
        assert!(lines == 1 && line.contains(expected), "{expected}: {line}");
        all += &line;
    }
    rig.post("/mmpaymkttransfers/sendredpack", "<xml><a>1</a><a>2</a></xml>").await;
    let line = log.take();
    assert!(line.contains("code=\"XML_ERROR\" why=") && line.contains("a request was refused"), "{line}");
    rig.send_over_tls(None).await;
    let line = log.take();
    assert!(line.contains("code=\"CA_ERROR\" why=no client certificate"), "{line}");
    // A value that would pass for a line of its own.
    rig.send(&[("mch_billno", "1\n2014-11-11T04:00:00Z INFO money came in amount_fen=1000000")]).await;
    let line = log.take();
    assert!(!line.lines().any(|line| line.starts_with("2014-11-11")), "{line}");
    all += &line;

    // A key that got into the wrong field.
    rig.send(&[("mch_billno", KEY)]).await;
    rig.send(&[("mch_id", "00000000000000000000000000000000")]).await;
    let line = log.take();
    assert!(
        line.contains("packet.bill_no=\"(32 characters)\"") && line.contains("merchant.id=\"(32 characters)\""),
        "{line}"
    );
    all += &line;

    let sent = rig.send(&[("mch_billno", "2")]).await;
    let packet = element(&sent, "send_listid");
    let assertion = rig.assertion(packet, &json!({ "exp": 0 }));
    rig.claim_with(packet, &assertion).await;
    let line = log.take();
    assert!(line.contains("the assertion has expired"), "{line}");
    all += &line;
    rig.claim(packet, OPENID).await;
    rig.get(&format!("/admin/apps/{APP}/wallets/{OPENID}")).await;
    all += &log.take();

    // A person's wallet, by the app's server: neither the token nor who it is about.
    let credential = json!({ "id": "backend", "scopes": ["wallets", "withdrawals", "erasure"] });
    let (_, credential) = rig.admin("POST", &format!("/admin/apps/{APP}/credentials"), Some(&credential)).await;
    let token = credential["token"].as_str().unwrap();
    let call = async |method: &str, path: &str, body: serde_json::Value| {
        let url = format!("http://{}/apps/{APP}{path}", rig.addresses.plain.unwrap());
        let request = rig.http.request(method.parse().unwrap(), url).bearer_auth(token).json(&body);
        request.send().await.unwrap().status().as_u16()
    };
    let hold = json!({ "reference": "W1", "openid": OPENID, "amount_fen": 1000 });
    assert_eq!(call("POST", "/withdrawals", hold.clone()).await, 200);
    let line = log.take();
    assert!(line.contains("money is held to be withdrawn") && line.contains("amount_fen=1000"), "{line}");
    all += &line;
    for (method, path, status) in [
        ("GET", format!("/people/{OPENID}/entries"), 200),
        ("GET", format!("/people/{OPENID}/packets?before={OPENID}"), 400),
        ("DELETE", format!("/people/{OPENID}"), 409),
        ("POST", "/withdrawals/W1/confirm".to_owned(), 200),
        ("GET", format!("/people/{OPENID}/export"), 200),
        ("DELETE", format!("/people/{OPENID}"), 204),
    ] {
        assert_eq!(call(method, &path, json!({ "reference": "P1" })).await, status, "{method} {path}");
    }
    assert_eq!(call("POST", "/withdrawals", hold).await, 409);
    let line = log.take();
    assert!(line.contains("a person was erased") && line.contains("the reference was used"), "{line}");
    all += &line;
    for secret in [KEY, OPENID, &signature, &assertion, rig::TOKEN, token, "PRIVATE KEY"] {
        assert!(!all.contains(secret), "a secret was logged: {secret}");
    }
}
