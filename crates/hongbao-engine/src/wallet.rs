//! What is in a person's wallet (零钱) beside its balance, and what is a withdrawal (提现)? Money leaves the platform
//! in two steps: it is held, then whoever pays it out confirms or cancels.

use hongbao_types::{AppId, Fen, OpenId, PacketId, Reference, Timestamp};

use crate::ledger::{LedgerAccount, Posting};

/// What a wallet's row has beside its sums. All other accounts have nothing here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wallet {
    /// What is being withdrawn: taken from the balance, and not yet settled.
    pub held: Fen,
    /// What was withdrawn, for good.
    pub withdrawn: Fen,
    /// The packet that the newest share, or transfer, came from; each names the one before it.
    pub newest_entry: Option<PacketId>,
    /// The newest withdrawal; each names the one before it.
    pub newest_withdrawal: Option<Reference>,
    /// While the person is being erased: what their openid becomes. Until that is done, what is under either name is
    /// theirs; nothing new comes in.
    pub pseudonym: Option<OpenId>,
}

/// What a withdrawal is known by: the caller's reference, unique per app.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WithdrawalKey {
    /// The app whose server asked for it.
    pub app: AppId,
    /// The caller's reference.
    pub reference: Reference,
}

/// Money on its way out of a wallet. The row is the posting wallet → hold, which is kept here, and, once it is settled,
/// the posting hold → settlement or back into the wallet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withdrawal {
    /// What it is known by.
    pub key: WithdrawalKey,
    /// Whose it is.
    pub openid: OpenId,
    /// How much; never zero.
    pub amount: Fen,
    /// When it was asked for.
    pub held_at: Timestamp,
    /// Whether it is settled, and how.
    pub state: WithdrawalState,
    /// The withdrawal of this person before it.
    pub previous: Option<Reference>,
}

/// What has become of a withdrawal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WithdrawalState {
    /// The money is held.
    Held,
    /// It was paid out.
    Confirmed(Settled),
    /// It went back into the wallet.
    Cancelled(Settled),
}

/// When a withdrawal was settled, and what whoever pays out calls it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The operator's reference.
    pub reference: Reference,
    /// When.
    pub at: Timestamp,
}

/// How a withdrawal is to be settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// It was paid out.
    Confirm,
    /// It was not, and will not be.
    Cancel,
}

impl Withdrawal {
    /// Whose money it is, or was.
    pub fn wallet(&self) -> LedgerAccount {
        LedgerAccount::RecipientWallet(self.key.app.clone(), self.openid.clone())
    }

    /// What it holds.
    pub fn held(&self) -> Fen {
        match self.state {
            WithdrawalState::Held => self.amount,
            WithdrawalState::Confirmed(_) | WithdrawalState::Cancelled(_) => Fen::ZERO,
        }
    }

    /// The posting with which it began.
    pub fn hold_posting(&self) -> Posting {
        Posting { debit: self.wallet(), credit: self.hold(), amount: self.amount }
    }

    /// The posting with which it ended, if it has.
    pub fn settling_posting(&self) -> Option<Posting> {
        let credit = match self.state {
            WithdrawalState::Held => return None,
            WithdrawalState::Confirmed(_) => LedgerAccount::Settlement,
            WithdrawalState::Cancelled(_) => self.wallet(),
        };
        Some(Posting { debit: self.hold(), credit, amount: self.amount })
    }

    fn hold(&self) -> LedgerAccount {
        LedgerAccount::WithdrawalHold(self.key.clone())
    }
}
