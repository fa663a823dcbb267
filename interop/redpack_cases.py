"""What must a merchant's client see of the platform? The cases for every client in Python. A client's own file
says how a merchant makes it, as `connect` of a class that has these cases:

    connect(mch_id, api_key, has_certificate) -> an object with send(fields), query(number), refusal(error)

`fields` have the names of the wire. `refusal` takes what was raised for a reply that is not SUCCESS twice, and
returns its code and text. For more calls there are send_group, send_mini_program, transfer(fields) and
query_transfer(number); a client without one of them sets its case to None."""

import hashlib
import os
import unittest

from hongbao_dev import Platform

# Which calls beside sendredpack and gethbinfo does the platform answer? There are cases for
# "sendgroupredpack", "sendminiprogramhb" and "transfers" (with gettransferinfo).
MORE_CALLS = ()

OPENID = "oxTWIuGaIt6gTKsQRLau2M0yL16E"
OTHER_OPENID = "onqOjjmM1tad-3ROpncN-yUfa6uI"
THIRD_OPENID = "ohO4Gt7wVPxIT1A9GjFaMYMiZY1s"
PACKET_ID = r"^\d{28,32}$"
TIME = r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$"


def once_there_is(call):
    """A case that is one only when the platform answers this call."""
    return lambda case: case if call in MORE_CALLS else None


class RedpackCases(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.platform = Platform()
        cls.addClassCleanup(cls.platform.stop)
        os.environ["REQUESTS_CA_BUNDLE"] = cls.platform.path("rootca.pem")
        cls.numbers = iter(range(1, 1000))
        cls.merchant = cls.platform.profile["merchant"]

    def connect(self, mch_id, api_key, has_certificate):
        raise NotImplementedError

    def client(self, **changed):
        """A client as a merchant would make it."""
        merchant = {"mch_id": self.merchant["mch_id"], "api_key": self.platform.api_key, "has_certificate": True}
        return self.connect(**{**merchant, **changed})

    def number(self):
        return f"10000098201411111{next(self.numbers):09}"

    @staticmethod
    def fields(number, **changed):
        return {
            "mch_billno": number,
            "re_openid": OPENID,
            "total_amount": 1000,
            "total_num": 1,
            "send_name": "天虹百货",
            "act_name": "猜灯谜抢红包活动",
            "wishing": "感谢您参加猜灯谜活动，祝您元宵节快乐！",
            "remark": "猜越多得越多，快来抢！",
            "client_ip": "192.168.0.1",
            "scene_id": "PRODUCT_8",
            **changed,
        }

    def send(self, number, client=None, **changed):
        return (client or self.client()).send(self.fields(number, **changed))

    def refused(self, code, client, call, *arguments, **keywords):
        """The text of the refusal that this call must meet with."""
        with self.assertRaises(Exception) as caught:
            call(*arguments, **keywords)
        found, text = client.refusal(caught.exception)
        self.assertEqual(found, code)
        return text

    def refused_send(self, code, number, client=None, **changed):
        client = client or self.client()
        return self.refused(code, client, self.send, number, client, **changed)

    def refused_query(self, code, number):
        client = self.client()
        return self.refused(code, client, client.query, number)

    def success(self, number):
        """What every send's reply begins with."""
        return {
            "return_code": "SUCCESS",
            "return_msg": "发放成功",
            "result_code": "SUCCESS",
            "err_code": "SUCCESS",
            "err_code_des": "发放成功",
            "mch_billno": number,
            "mch_id": self.merchant["mch_id"],
            "wxappid": self.merchant["wxappid"],
        }

    def test_send_and_the_same_number_again(self):
        number, client = self.number(), self.client()
        first = self.send(number, client)
        rest = dict(first)
        self.assertRegex(rest.pop("send_listid"), PACKET_ID)
        self.assertEqual(rest, {**self.success(number), "re_openid": OPENID, "total_amount": "1000"})
        self.assertEqual(self.send(number, client), first)

    def test_a_changed_amount_is_fatal(self):
        number = self.number()
        self.send(number)
        amount = self.refused_send("FATAL_ERROR", number, total_amount=1001)
        self.assertEqual(amount, "更换了金额，但商户单号未更新")
        person = self.refused_send("FATAL_ERROR", number, re_openid=OTHER_OPENID)
        self.assertEqual(person, "更换了openid，但商户单号未更新")

    def test_a_wrong_key_is_a_wrong_signature(self):
        number = self.number()
        self.assertEqual(self.refused_send("SIGN_ERROR", number, self.client(api_key="0" * 32)), "签名错误")
        self.assertEqual(self.refused_query("NOT_FOUND", number), "指定单号数据不存在")

    def test_without_a_certificate_nothing_is_done(self):
        number = self.number()
        self.assertIn("证书出错", self.refused_send("CA_ERROR", number, self.client(has_certificate=False)))
        self.refused_query("NOT_FOUND", number)

    def test_too_little_money_then_topped_up_and_sent_again(self):
        poor, key = "10000099", "8934e7d15453e97507ef794cf7b0519d"
        self.platform.add_merchant(poor, key)
        client = self.client(mch_id=poor, api_key=key)
        number = self.number()
        text = self.refused_send("NOTENOUGH", number, client)
        self.assertEqual(text, "帐号余额不足，请到商户平台充值后再重试")
        landed = client.query(number)
        self.assertEqual((landed["status"], landed["reason"]), ("SENDING", text))

        self.platform.run("topup", poor, "1000", "--reference", "poor-1")
        sent = self.send(number, client)
        self.assertEqual(sent["send_listid"], landed["detail_id"])
        self.assertEqual(client.query(number)["status"], "SENT")

    def test_text_that_is_awkward_in_xml_is_signed_as_it_is_meant(self):
        awkward = "A&B <快来抢> \"x\" 'y' 🧧"
        sent = self.send(self.number(), wishing=awkward, remark=awkward)
        self.assertEqual(sent["result_code"], "SUCCESS")

    def test_query_in_each_state(self):
        client = self.client()
        self.refused_query("NOT_FOUND", self.number())

        claimed, expired = self.number(), self.number()
        packet_id = self.send(claimed, client)["send_listid"]
        self.send(expired, client)
        sent = client.query(claimed)
        self.assertEqual(
            [sent[name] for name in ("detail_id", "status", "send_type", "hb_type", "total_num", "total_amount")],
            [packet_id, "SENT", "API", "NORMAL", "1", "1000"],
        )
        self.assertNotIn("hblist", sent)

        self.platform.run("claim", packet_id, "--as", OPENID)
        received = client.query(claimed)
        self.assertEqual(received["status"], "RECEIVED")
        share = received["hblist"]["hbinfo"]
        self.assertEqual((share["openid"], share["amount"]), (OPENID, "1000"))
        self.assertRegex(share["rcv_time"], TIME)

        # A merchant who may send nothing more today.
        landed, late, key = self.number(), "10000097", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS"
        self.platform.add_merchant(late, key, "--amount-per-day", "999")
        limited = self.client(mch_id=late, api_key=key)
        text = self.refused_send("SENDAMOUNT_LIMIT", landed, limited)
        sending = limited.query(landed)
        self.assertEqual((sending["status"], sending["reason"]), ("SENDING", text))

        self.platform.run("sandbox", "clock", "+24h", "--no-expire")
        refunding = client.query(expired)
        self.assertEqual(refunding["status"], "RFUND_ING")
        self.assertNotIn("refund_time", refunding)
        self.platform.run("sandbox", "clock", "+1s")
        refunded = client.query(expired)
        self.assertEqual((refunded["status"], refunded["refund_amount"]), ("REFUND", "1000"))
        self.assertRegex(refunded["refund_time"], TIME)
        self.assertEqual(client.query(claimed)["status"], "RECEIVED")
        self.assertEqual(limited.query(landed)["status"], "FAILED")
        self.refused_send("SEND_FAILED", landed, limited)

    @classmethod
    def tearDownClass(cls):
        report = cls.platform.audit()
        assert "every fen is in its place" in report, report

    def is_guarded(self, name, argument):
        """Without the key or the certificate there is nothing to be had from a call."""
        wrong, bare = self.client(api_key="0" * 32), self.client(has_certificate=False)
        self.assertEqual(self.refused("SIGN_ERROR", wrong, getattr(wrong, name), argument), "签名错误")
        self.assertIn("证书出错", self.refused("CA_ERROR", bare, getattr(bare, name), argument))

    @once_there_is("sendgroupredpack")
    def test_send_to_a_group_and_the_same_number_again(self):
        number, client = self.number(), self.client()
        fields = self.fields(number, total_amount=300, total_num=3, amt_type="ALL_RAND")
        first = client.send_group(fields)
        rest = dict(first)
        signed = [f"{name}={rest[name]}" for name in sorted(rest) if rest[name] and name != "sign"]
        text = "&".join([*signed, f"key={self.platform.api_key}"])
        self.assertEqual(rest.pop("sign"), hashlib.md5(text.encode()).hexdigest().upper())
        self.assertRegex(rest.pop("send_listid"), PACKET_ID)
        self.assertEqual(
            rest, {**self.success(number), "re_openid": OPENID, "total_amount": "300", "total_num": "3"}
        )
        self.assertEqual(list(first), [*rest, "send_listid", "sign"])
        self.assertEqual(client.send_group(fields), first)

        text = self.refused("FATAL_ERROR", client, client.send_group, {**fields, "total_amount": 301})
        self.assertEqual(text, "更换了金额，但商户单号未更新")
        self.is_guarded("send_group", {**fields, "mch_billno": self.number()})

    @once_there_is("sendgroupredpack")
    def test_a_packet_for_a_group_is_shared(self):
        number, client = self.number(), self.client()
        fields = self.fields(number, total_amount=300, total_num=3, amt_type="ALL_RAND")
        packet_id = client.send_group(fields)["send_listid"]
        sent = client.query(number)
        self.assertEqual(
            [sent[name] for name in ("detail_id", "status", "hb_type", "total_num", "total_amount")],
            [packet_id, "SENT", "GROUP", "3", "300"],
        )
        self.assertNotIn("hblist", sent)
        people = [OPENID, OTHER_OPENID, THIRD_OPENID]
        for person in people:
            self.platform.run("claim", packet_id, "--as", person)
        received = client.query(number)
        self.assertEqual(received["status"], "RECEIVED")
        shares = received["hblist"]["hbinfo"]
        self.assertEqual(sorted(share["openid"] for share in shares), sorted(people))
        self.assertEqual(sum(int(share["amount"]) for share in shares), 300)

    @once_there_is("sendminiprogramhb")
    def test_send_in_a_mini_program_and_the_same_number_again(self):
        number, client = self.number(), self.client()
        fields = self.fields(number, notify_way="JSAPI")
        first = client.send_mini_program(fields)
        rest = dict(first)
        self.assertRegex(rest.pop("package"), ".")
        packet_id = rest.pop("send_listid")
        self.assertRegex(packet_id, PACKET_ID)
        self.assertEqual(rest, {**self.success(number), "re_openid": OPENID, "total_amount": "1000"})
        self.assertEqual(list(first), [*rest, "send_listid", "package"])
        self.assertEqual(client.send_mini_program(fields)["send_listid"], packet_id)
        sent = client.query(number)
        self.assertEqual((sent["detail_id"], sent["status"]), (packet_id, "SENT"))
        self.is_guarded("send_mini_program", {**fields, "mch_billno": self.number()})

    @once_there_is("transfers")
    def test_transfer_the_same_number_again_and_what_became_of_it(self):
        number, client = self.number(), self.client()
        fields = {
            "partner_trade_no": number,
            "openid": OPENID,
            "check_name": "NO_CHECK",
            "amount": 1000,
            "desc": "理赔",
            "spbill_create_ip": "192.168.0.1",
        }
        first = client.transfer(fields)
        self.assertEqual(
            list(first),
            ["return_code", "return_msg", "mch_appid", "mchid", "nonce_str", "result_code", "partner_trade_no",
             "payment_no", "payment_time"],
        )
        self.assertEqual(
            [first[name] for name in ("return_code", "result_code", "mch_appid", "mchid", "partner_trade_no")],
            ["SUCCESS", "SUCCESS", self.merchant["wxappid"], self.merchant["mch_id"], number],
        )
        self.assertRegex(first["nonce_str"], ".")
        self.assertRegex(first["payment_no"], PACKET_ID)
        self.assertRegex(first["payment_time"], TIME)
        again = client.transfer(fields)
        for name in ("payment_no", "payment_time"):
            self.assertEqual(again[name], first[name])

        info = client.query_transfer(number)
        told = {
            "return_code": "SUCCESS",
            "result_code": "SUCCESS",
            "partner_trade_no": number,
            "mch_id": self.merchant["mch_id"],
            "detail_id": first["payment_no"],
            "status": "SUCCESS",
            "openid": OPENID,
            "payment_amount": "1000",
            "payment_time": first["payment_time"],
            "desc": "理赔",
        }
        self.assertEqual({name: info.get(name) for name in told}, told)
        self.assertRegex(info["transfer_time"], TIME)
        self.refused("NOT_FOUND", client, client.query_transfer, self.number())
        self.is_guarded("transfer", {**fields, "partner_trade_no": self.number()})
        self.is_guarded("query_transfer", number)
