//! Which replies are signed? Those whose clients insist, and never one to somebody who has not proven who he is.

use hongbao_types::ApiKey;
use hongbao_wire::endpoint::SENDGROUPREDPACK;
use hongbao_wire::{Endpoint, Params, SignType, SignedReplies, decode_reply, encode, sign};
use serde_json::json;

use crate::rig::{BILL_NO, KEY, Rig, element, fields_of, is_signed, signed};

/// What each endpoint signs in compatible mode: a success, an error.
const SIGNED: [(&str, bool, bool); 9] = [
    ("sendredpack", false, false),
    ("sendgroupredpack", true, true),
    ("sendminiprogramhb", false, false),
    ("gethbinfo", false, false),
    ("hbpreorder", true, true),
    ("sendworkwxredpack", true, false),
    ("queryworkwxredpack", true, false),
    ("transfers", false, false),
    ("gettransferinfo", false, false),
];

/// The endpoint that sends what this one asks for, or itself.
fn sender_of(endpoint: &Endpoint) -> &'static Endpoint {
    let name = match endpoint.name {
        "gethbinfo" => "sendredpack",
        "queryworkwxredpack" => "sendworkwxredpack",
        "gettransferinfo" => "transfers",
        other => other,
    };
    Endpoint::by_name(name).unwrap()
}

#[tokio::test]
async fn each_endpoint_signs_what_its_clients_insist_on_and_nothing_in_strict_mode() {
    assert_eq!(SIGNED.len(), Endpoint::ALL.len());
    for (name, success, error) in SIGNED {
        let endpoint = Endpoint::by_name(name).unwrap();
        let rig = Rig::start().await;
        rig.put_corporation().await;
        rig.call(sender_of(endpoint), &[]).await;
        for mode in ["compatible", "strict"] {
            rig.put_merchant(json!({ "mode": mode })).await;
            let is_compatible = mode == "compatible";
            let reply = rig.call(endpoint, &[]).await;
            assert_eq!(element(&reply, "result_code"), "SUCCESS", "{name}");
            assert_eq!(is_signed(&reply), success && is_compatible, "{name}, a success in {mode} mode");

            rig.put_merchant(json!({ "mode": mode, "allowed_addresses": ["192.168.0.1"] })).await;
            let reply = rig.call(endpoint, &[]).await;
            assert_eq!(element(&reply, "err_code"), "NO_AUTH", "{name}");
            assert_eq!(is_signed(&reply), error && is_compatible, "{name}, an error in {mode} mode");
        }
        let table = match (success, error) {
            (false, _) => SignedReplies::None,
            (true, false) => SignedReplies::Successes,
            (true, true) => SignedReplies::All,
        };
        assert_eq!(endpoint.signed_replies, table);
    }
}

/// A signed reply to whoever asks would be a signature by the merchant's key over a text of the caller's choice.
#[tokio::test]
async fn a_wrong_signature_is_never_answered_with_one() {
    let rig = Rig::start().await;
    rig.put_corporation().await;
    for endpoint in Endpoint::ALL {
        let fields = fields_of(endpoint, &[]);
        let reply = rig.post(endpoint.path, signed("0123456789abcdef0123456789abcdef", &fields)).await;
        assert_eq!((element(&reply, "err_code"), element(&reply, "err_code_des")), ("SIGN_ERROR", "签名错误"));
        assert!(!is_signed(&reply), "{}", endpoint.name);
        let wrong_field = fields_of(endpoint, &[(endpoint.bill_field, "-")]);
        let reply = rig.post(endpoint.path, signed("0123456789abcdef0123456789abcdef", &wrong_field)).await;
        assert_eq!(element(&reply, "err_code"), "PARAM_ERROR");
        assert!(!is_signed(&reply), "{}", endpoint.name);
    }
    assert_eq!(element(&rig.query(BILL_NO).await, "err_code"), "NOT_FOUND");
    rig.assert_books(0).await;
}

/// A client checks a reply with what it signs with itself.
#[tokio::test]
async fn a_reply_is_signed_as_the_request_was_with_the_same_key_and_algorithm() {
    let rig = Rig::start().await;
    let second = "8934e7d15453e97507ef794cf7b0519d";
    rig.put_merchant(json!({ "keys": [{ "key": KEY }, { "key": second }] })).await;
    let fields = Params::from_pairs(fields_of(&SENDGROUPREDPACK, &[])).unwrap();
    for key in [second, KEY] {
        for (sign_type, digits) in [(SignType::Md5, 32), (SignType::HmacSha256, 64)] {
            let key = ApiKey::try_new(key).unwrap();
            let mut request = fields.clone();
            request.set("sign", sign::sign(sign_type, &fields, &key)).unwrap();
            let reply = rig.post(SENDGROUPREDPACK.path, encode(&request)).await;
            let claimed = element(&reply, "sign");
            let reply = decode_reply(reply.as_bytes()).unwrap().fields;
            assert_eq!((claimed.len(), claimed), (digits, sign::sign(sign_type, &reply, &key).as_str()));
        }
    }
    rig.assert_books(1).await;
}
