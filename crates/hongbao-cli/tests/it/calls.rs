//! Does the platform take every call of the SDK, over mTLS, in both modes; and does the command say which calls there
//! are, and what a merchant may do?

use hongbao::{
    Client, ErrorCode, Fen, HbStatus, OpenId, PreOrder, PreOrderShares, RiskControl, SendGroupRedPack,
    SendMiniProgramHb, SendWorkwxRedPack, Shake, Transfer, TransferStatus, WorkwxSecret, WorkwxSender,
};
use hongbao_wire::Endpoint;
use serde_json::Value;

use crate::running::{Dev, app, folder, run};

const CORPORATION: &str = "wwcorp00000000001";
const SECRET: &str = "a-secret-of-the-corporation";

fn openid() -> OpenId {
    "oxTWIuGaIt6gTKsQRLau2M0yL16E".parse().unwrap()
}

fn text(text: &str) -> String {
    text.to_owned()
}

#[tokio::test]
async fn every_call_of_the_sdk_is_taken_in_both_modes() {
    let home = folder();
    let dev = Dev::start(&home.path().join("dev"));
    std::fs::write(dev.path("secret.txt"), format!("{SECRET}\n")).unwrap();
    let key = ["--public-key", "app_public_key.pem", "--workwx-secret-file", "secret.txt"];
    let add = ["app", "add", CORPORATION, "--kind", "corporation", "--merchant", "10000098"];
    dev.ok(&[&add[..], &key].concat());
    for mode in ["--compatible", "--strict"] {
        dev.ok(&["merchant", "set", "10000098", mode]);
        every_call(&dev.client(), mode.trim_matches('-')).await;
    }
    dev.ok(&["audit"]);
    assert!(!dev.log().contains(SECRET));
}

async fn every_call(client: &Client, mode: &str) {
    let bill_no = |what: &str| format!("{mode}{what}").parse::<hongbao::BillNo>().unwrap();
    let group = SendGroupRedPack {
        bill_no: bill_no("group"),
        app: app(),
        seed_user: openid(),
        total: Fen::new(300),
        share_count: 3,
        sender_name: text("天虹百货"),
        greeting: text("恭喜发财"),
        activity: text("新年红包"),
        remark: text("新年红包"),
        scene: None,
        risk_info: None,
        on_behalf_of: None,
    };
    let sent = client.sendgroupredpack(&group).await.unwrap();
    assert_eq!(client.sendgroupredpack(&group).await.unwrap(), sent);
    let info = client.gethbinfo(&group.bill_no, &app()).await.unwrap();
    assert_eq!((info.kind.as_str(), info.share_count, info.status), ("GROUP", 3, HbStatus::Sent));

    let mini = SendMiniProgramHb {
        bill_no: bill_no("mini"),
        app: app(),
        recipient: openid(),
        total: Fen::new(100),
        sender_name: text("天虹百货"),
        greeting: text("恭喜发财"),
        activity: text("新年红包"),
        remark: text("新年红包"),
        scene: None,
    };
    let sent = client.sendminiprogramhb(&mini).await.unwrap();
    assert_eq!(client.sendminiprogramhb(&mini).await.unwrap(), sent, "the same package");
    assert!(sent.package.starts_with("sendid="));

    let order = PreOrder {
        bill_no: bill_no("order"),
        app: app(),
        total: Fen::new(100),
        shares: PreOrderShares::One,
        sender_name: text("天虹百货"),
        greeting: text("恭喜发财"),
        activity: text("新年红包"),
        remark: text("新年红包"),
        shake: Shake::Nearby,
        risk_control: RiskControl::Normal,
    };
    let reserved = client.hbpreorder(&order).await.unwrap();
    assert_eq!(client.hbpreorder(&order).await.unwrap(), reserved, "the same ticket");

    let packet = SendWorkwxRedPack {
        bill_no: bill_no("workwx"),
        corporation: CORPORATION.parse().unwrap(),
        recipient: openid(),
        total: Fen::new(100),
        sender: WorkwxSender::Agent(1_000_002),
        sender_picture: None,
        greeting: text("恭喜发财"),
        project: text("新年红包"),
        remark: text("新年红包"),
        scene: None,
    };
    let sent = client.sendworkwxredpack(&packet, &WorkwxSecret::try_new(SECRET).unwrap()).await.unwrap();
    let info = client.queryworkwxredpack(&packet.bill_no, &packet.corporation).await.unwrap();
    assert_eq!((info.packet, info.status, info.recipient), (sent.packet, HbStatus::Sent, Some(openid())));
    let wrong = WorkwxSecret::try_new("another-secret-altogether").unwrap();
    let error = client.sendworkwxredpack(&packet, &wrong).await.unwrap_err();
    assert_eq!((error.code(), error.description()), (Some(&ErrorCode::SignError), Some("签名错误；企业微信签名失败")));

    let transfer = Transfer {
        bill_no: bill_no("transfer"),
        app: app(),
        recipient: openid(),
        amount: Fen::new(1),
        description: text("理赔"),
        checked_name: None,
        client_ip: None,
        device: None,
        brand: None,
    };
    let paid = client.transfers(&transfer).await.unwrap();
    assert_eq!(client.transfers(&transfer).await.unwrap(), paid);
    let info = client.gettransferinfo(&transfer.bill_no, &app()).await.unwrap();
    assert_eq!((info.status, info.payment_no), (TransferStatus::Success, paid.payment_no));

    let fields = [
        ("mch_billno", format!("{mode}chain")),
        ("wxappid", app().to_string()),
        ("send_name", text("天虹百货")),
        ("re_openid", openid().to_string()),
        ("total_amount", text("100")),
        ("total_num", text("1")),
        ("wishing", text("恭喜发财")),
        ("act_name", text("新年红包")),
        ("remark", text("新年红包")),
        ("notify_way", text("MINI_PROGRAM_JSAPI")),
    ];
    let chain = "v2/mmpaymkttransfers/sendminiprogramhb";
    assert!(client.chain(chain).post(fields.clone()).await.unwrap().get("package").is_some());
    let error = client.chain(chain).security(false).post(fields).await.unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::CaError), "without its certificate it is nobody");
}

#[test]
fn every_call_is_listed_with_its_fields() {
    let home = folder();
    let all = run(home.path(), &["endpoints"]).succeeded();
    for endpoint in Endpoint::ALL {
        assert!(all.contains(&format!("POST {}\n", endpoint.path)), "{all}");
        let one = run(home.path(), &["endpoints", endpoint.name]).succeeded();
        assert!(all.contains(one.trim_end()) && endpoint.fields.iter().all(|field| one.contains(field.meaning.en)));
        let chinese = run(home.path(), &["endpoints", endpoint.name, "--chinese"]).succeeded();
        assert!(endpoint.fields.iter().all(|field| chinese.contains(field.meaning.zh)), "{chinese}");
    }
    let object: Value = serde_json::from_str(&run(home.path(), &["endpoints", "--json"]).succeeded()).unwrap();
    let listed = object["endpoints"].as_array().unwrap();
    assert_eq!(listed.len(), Endpoint::ALL.len());
    assert_eq!(
        (&listed[0]["fields"][2]["name"], &listed[0]["fields"][2]["signed"]),
        (&"mch_billno".into(), &true.into())
    );
}

#[test]
fn what_a_merchant_may_do_is_shown_and_changed_and_the_rest_stays() {
    let home = folder();
    let dev = Dev::start(&home.path().join("dev"));
    let shown = |arguments: &[&str]| -> Value {
        serde_json::from_str(&dev.ok(&[&["merchant"], arguments, &["--json"]].concat())).unwrap()
    };
    let before = shown(&["show", "10000098"]);
    assert_eq!((&before["generation"], &before["limits"]["packets_per_second"]), (&"G2b".into(), &30.into()));
    let settings = ["--limit", "packets_per_second=unlimited", "--provider", "10000099", "--closed", "true"];
    let after = shown(&[&["set", "10000098"], &settings[..]].concat());
    assert_eq!(after["limits"]["packets_per_second"], "unlimited");
    assert_eq!((&after["providers"][0], &after["closed"]), (&"10000099".into(), &true.into()));
    for same in ["name", "products", "keys", "certificates", "funds_fen"] {
        assert_eq!(after[same], before[same], "{same}");
    }
    let ran = dev.run(&["send"]);
    assert!(ran.stderr.contains("API_METHOD_CLOSED"), "{}", ran.transcript());

    let old = shown(&["set", "10000098", "--generation", "G1", "--closed", "false", "--product", "ordinary"]);
    assert_eq!((&old["limits"]["packets_per_day"], &old["limits"]["closed_at_night"]), (&10_000.into(), &true.into()));
    assert_eq!(old["products"], serde_json::json!(["ordinary"]));
    let lines = dev.ok(&["merchant", "show", "10000098"]);
    assert!(lines.contains("limits.packets_per_second               unlimited\n"), "{lines}");

    let settings = ["--sign-type", "MD5", "--address", "127.0.0.1", "--address", "::1", "--name", "天虹商场"];
    let named = shown(&[&["set", "10000098", "--entered-at", "2014-11-11T12:00:00+08:00"], &settings[..]].concat());
    assert_eq!(named["allowed_addresses"], serde_json::json!(["127.0.0.1", "::1"]));
    assert_eq!((&named["sign_type"], &named["name"]), (&"MD5".into(), &"天虹商场".into()));
    assert_eq!(named["entered_at"], "2014-11-11T04:00:00Z");
    let taken_away = [
        &["set", "10000098", "--address", "any", "--sign-type", "any", "--entered-at", "none", "--provider", "none"][..],
        &["--generation", "G2b", "--product", "all", "--limit", "packets_per_second=usual", "--name", "天虹百货"],
    ];
    let again = shown(&taken_away.concat());
    assert_eq!(again, before);
    let old = again;

    for (setting, complaint) in [
        (["--address", "localhost"], "of the wrong kind"),
        (["--provider", "x"], "merchant number"),
        (["--limit", "packets_per_second"], "not a limit"),
        (["--limit", "packets_per_hour=1"], "unknown field"),
        (["--limit", "packets_per_second=many"], "of the wrong kind"),
        (["--entered-at", "2014"], "RFC 3339"),
    ] {
        let ran = dev.run(&[&["merchant", "set", "10000098"], &setting[..]].concat());
        assert!(ran.code == Some(1) && ran.stderr.contains(complaint), "{}", ran.transcript());
    }
    assert_eq!(shown(&["show", "10000098"]), old, "what was refused left nothing");
}

#[test]
fn a_key_takes_the_place_of_another() {
    let home = folder();
    let dev = Dev::start(&home.path().join("dev"));
    std::fs::write(dev.path("new_key.txt"), "0123456789abcdef0123456789abcdef").unwrap();
    dev.ok(&["send", "--bill-no", "B1"]);
    dev.ok(&["merchant", "set", "10000098", "--key-file", "new_key.txt"]);
    let ran = dev.run(&["query", "B1"]);
    assert!(ran.stderr.contains("SIGN_ERROR"), "{}", ran.transcript());
    std::fs::copy(dev.path("new_key.txt"), dev.path("api_key.txt")).unwrap();
    dev.ok(&["query", "B1"]);
}

/// Somebody whom the sandbox does not know from the start.
const STRANGER: &str = "onqOjjmM1tad-3ROpncN-yUfa6uI";

#[test]
fn an_app_is_shown_and_changed_and_the_rest_stays() {
    let home = folder();
    let dev = Dev::start(&home.path().join("dev"));
    let shown = |arguments: &[&str]| -> Value {
        serde_json::from_str(&dev.ok(&[&["app"], arguments, &["--json"]].concat())).unwrap()
    };
    let app = "wx8888888888888888";
    let mut known = shown(&["show", app]);
    assert_eq!(known["merchants"], serde_json::json!(["10000098"]));
    known["merchants"] = serde_json::json!(["10000090"]);
    assert_eq!(shown(&["set", app, "--merchant", "10000090", "--without-merchant", "10000098"]), known);
    let ran = dev.run(&["send"]);
    assert!(ran.stderr.contains("商户号和wxappid不匹配"), "{}", ran.transcript());
    known["merchants"] = serde_json::json!(["10000090", "10000098"]);
    known["registered_only"] = true.into();
    assert_eq!(shown(&["set", app, "--merchant", "10000098", "--registered-only", "true"]), known);
    let ran = dev.run(&["send", "--bill-no", "B1", "--to", STRANGER]);
    assert!(ran.stderr.contains("OPENID_ERROR"), "{}", ran.transcript());
    std::fs::write(dev.path("secret.txt"), "a-secret-of-the-corporation\n").unwrap();
    let secret = ["--kind", "corporation", "--workwx-secret-file", "secret.txt"];
    let corporation = shown(&[&["set", app], &secret[..]].concat());
    assert_eq!((&corporation["kind"], &corporation["has_workwx_secret"]), (&"corporation".into(), &true.into()));
    let lines = dev.ok(&["app", "show", app]);
    assert!(lines.contains("registered_only                         true\n"), "{lines}");
    assert!(!lines.contains("a-secret-of-the-corporation"));
}

#[test]
fn a_person_is_registered_and_blocked_and_let_go() {
    let home = folder();
    let dev = Dev::start(&home.path().join("dev"));
    let person = ["app", "person", "wx8888888888888888", STRANGER];
    let shown = |more: &[&str]| dev.ok(&[&person[..], more].concat());
    let says =
        |registered, blocked| format!("person      {STRANGER}\nregistered  {registered}\nblocked     {blocked}\n");
    assert_eq!(shown(&[]), says("no", "no"));
    assert_eq!(shown(&["--blocked", "true"]), says("yes", "yes"));
    assert_eq!(shown(&["--register"]), says("yes", "yes"), "registered again, as they were");
    let ran = dev.run(&["send", "--bill-no", "B1", "--to", STRANGER]);
    assert!(ran.stderr.contains("NO_AUTH: 发放失败，此请求可能存在风险，已被微信拦截"), "{}", ran.transcript());
    assert!(dev.ok(&["query", "B1"]).contains("status      SENDING"));
    assert_eq!(shown(&["--blocked", "false"]), says("yes", "no"));
    dev.ok(&["send", "--bill-no", "B1", "--to", STRANGER]);
}
