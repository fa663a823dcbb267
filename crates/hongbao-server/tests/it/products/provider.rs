//! A service provider sends: who pays, who is reached, and to whom does what is left go back?

use hongbao_wire::Endpoint;
use hongbao_wire::endpoint::{
    HBPREORDER, SENDGROUPREDPACK, SENDMINIPROGRAMHB, SENDREDPACK, SENDWORKWXREDPACK, TRANSFERS,
};
use serde_json::json;

use crate::rig::{APP, BILL_NO, DAY_MS, KEY, MERCHANT, OPENID, Rig, codes, element, names};

const SUB: &str = "10000090";
const THIRD: &str = "10000097";
const MESSAGE_APP: &str = "wx28b16568a629bb33";

/// The merchant as a provider, admitted by a sub-merchant and by a third; each has 5000 fen.
async fn provider() -> Rig {
    let rig = Rig::start().await;
    for (merchant, reference) in [(SUB, "T2"), (THIRD, "T3")] {
        rig.put_merchant_as(merchant, json!({ "keys": [{ "key": KEY }], "providers": [MERCHANT] })).await;
        rig.top_up_of(merchant, reference, 5000).await;
    }
    rig.put_app(MESSAGE_APP, json!({ "merchants": [SUB] })).await;
    rig
}

/// The funds of provider, sub-merchant and third.
async fn funds(rig: &Rig) -> [i64; 3] {
    [rig.funds().await, rig.funds_of(SUB).await, rig.funds_of(THIRD).await]
}

const SENDS: [&Endpoint; 3] = [&SENDREDPACK, &SENDGROUPREDPACK, &SENDMINIPROGRAMHB];

#[tokio::test]
async fn the_sub_merchant_pays_and_gets_back_what_is_left() {
    for endpoint in SENDS {
        let rig = provider().await;
        let plain = names(&rig.call(endpoint, &[("mch_billno", "plain"), ("total_amount", "300")]).await);
        let changes = [("sub_mch_id", SUB), ("msgappid", MESSAGE_APP)];
        let reply = rig.call(endpoint, &changes).await;
        assert_eq!(codes(&reply), ["SUCCESS"; 3], "{}", endpoint.name);
        assert_eq!(names(&reply), plain, "neither sub_mch_id nor msgappid is repeated");
        assert_eq!((element(&reply, "mch_id"), element(&reply, "wxappid")), (MERCHANT, APP));
        assert_eq!(funds(&rig).await, [4700, 4000, 5000]);
        assert_eq!(rig.call(endpoint, &changes).await, reply);
        rig.clock.advance(DAY_MS);
        assert_eq!(rig.expire().await, (2, 0));
        assert_eq!(funds(&rig).await, [5000, 5000, 5000]);
        rig.assert_books(2).await;
    }
}

#[tokio::test]
async fn whom_consume_mch_id_names_pays_and_gets_back_what_is_left() {
    for endpoint in SENDS {
        for (payer, paid) in [(THIRD, [5000, 5000, 4000]), (MERCHANT, [4000, 5000, 5000]), (SUB, [5000, 4000, 5000])] {
            let rig = provider().await;
            let changes = [("sub_mch_id", SUB), ("msgappid", MESSAGE_APP), ("consume_mch_id", payer)];
            assert_eq!(codes(&rig.call(endpoint, &changes).await), ["SUCCESS"; 3], "{}", endpoint.name);
            assert_eq!(funds(&rig).await, paid);
            rig.clock.advance(DAY_MS);
            assert_eq!(rig.expire().await, (1, 0));
            assert_eq!(funds(&rig).await, [5000; 3]);
            rig.assert_books(1).await;
        }
    }
}

#[tokio::test]
async fn without_a_sub_merchant_nobody_else_is_charged() {
    for endpoint in SENDS {
        let rig = provider().await;
        let changes = [("consume_mch_id", THIRD), ("msgappid", MESSAGE_APP)];
        assert_eq!(codes(&rig.call(endpoint, &changes).await), ["SUCCESS"; 3], "{}", endpoint.name);
        let unknown = [("consume_mch_id", "99999999"), ("mch_billno", "unknown")];
        assert_eq!(codes(&rig.call(endpoint, &unknown).await), ["SUCCESS"; 3], "{}", endpoint.name);
        assert_eq!(funds(&rig).await, [3000, 5000, 5000]);
        rig.assert_books(2).await;
    }
}

#[tokio::test]
async fn the_person_is_one_of_the_app_that_reaches_him() {
    let rig = provider().await;
    let reply = rig.send(&[("sub_mch_id", SUB), ("msgappid", MESSAGE_APP)]).await;
    let packet = element(&reply, "send_listid");
    assert_ne!(rig.claim(packet, OPENID).await.0, 200, "under the provider's app he is somebody else");
    let assertion = rig.assertion(packet, &json!({ "iss": MESSAGE_APP }));
    assert_eq!(rig.claim_with(packet, &assertion).await.1["amount_fen"], 1000);
    let wallet = rig.get(&format!("/admin/apps/{MESSAGE_APP}/wallets/{OPENID}")).await.1;
    assert_eq!((wallet, rig.wallet(OPENID).await), (json!({ "balance_fen": 1000 }), 0));
    rig.assert_books(1).await;
}

#[tokio::test]
async fn the_number_is_the_providers_and_another_payer_is_another_packet() {
    let rig = provider().await;
    let of_sub = [("sub_mch_id", SUB), ("msgappid", APP)];
    assert_eq!(codes(&rig.send(&of_sub).await), ["SUCCESS"; 3]);
    assert_eq!(element(&rig.query(BILL_NO).await, "status"), "SENT");
    for changes in
        [&[][..], &[of_sub[0], of_sub[1], ("consume_mch_id", THIRD)], &[of_sub[0], ("msgappid", MESSAGE_APP)]]
    {
        let reply = rig.send(changes).await;
        assert_eq!(codes(&reply), ["SUCCESS", "FAIL", "FATAL_ERROR"]);
        assert_eq!(element(&reply, "err_code_des"), "重复请求时，参数与原单不一致");
    }
    assert_eq!(funds(&rig).await, [5000, 4000, 5000]);
    rig.assert_books(1).await;
}

#[tokio::test]
async fn it_is_the_payers_balance_and_the_payers_limits_that_count() {
    let rig = provider().await;
    rig.top_up("T4", 100_000).await;
    let changes = [("sub_mch_id", SUB), ("msgappid", APP), ("total_amount", "5001")];
    assert_eq!(codes(&rig.send(&changes).await), ["SUCCESS", "FAIL", "NOTENOUGH"]);
    rig.top_up_of(SUB, "T5", 1).await;
    assert_eq!(codes(&rig.send(&changes).await), ["SUCCESS"; 3]);
    rig.put_merchant_as(SUB, json!({ "providers": [MERCHANT], "frozen": true })).await;
    let changes = [("sub_mch_id", SUB), ("msgappid", APP), ("mch_billno", "frozen")];
    assert_eq!(codes(&rig.send(&changes).await), ["SUCCESS", "FAIL", "PAYER_ACCOUNT_ABNORMAL"]);
    assert_eq!(funds(&rig).await, [105_000, 0, 5000]);
    rig.assert_books(2).await;
}

#[tokio::test]
async fn a_call_that_has_no_sub_merchants_does_not_take_the_callers_money_instead() {
    let rig = provider().await;
    rig.put_corporation().await;
    for endpoint in [&HBPREORDER, &SENDWORKWXREDPACK, &TRANSFERS] {
        let reply = rig.call(endpoint, &[("sub_mch_id", SUB)]).await;
        assert_eq!(codes(&reply), ["SUCCESS", "FAIL", "ACCEPTMODE_ERROR"], "{}", endpoint.name);
    }
    assert_eq!(funds(&rig).await, [5000; 3]);
    rig.assert_books(0).await;
}
