//! What a handler's arguments say about its route: who may call it, and what a request has to bring.

use super::description::Description;
use crate::WebState;
use crate::extract::{
    Body, BuyerAddress, Caller, Changes, ClientNetwork, Id, IfMatch, Key, Long, Operator, OptionalBody, OptionalKey,
    PreferredWait, ProblemType, Query, SeatMapAddress, ShownToken, UserAgent,
};
use actix_web::HttpRequest;
use actix_web::web::Data;

/// Who may call a route.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Access {
    /// No access token is needed.
    #[default]
    Anybody,
    /// Whoever has an access token.
    Users,
    /// Whoever has an operator's access token.
    Operators,
}

/// What a handler's arguments ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Needs {
    pub access: Access,
    /// Whether it takes the header `Idempotency-Key`.
    pub key: bool,
    /// Whether it takes that header, but does without.
    pub key_is_optional: bool,
    /// Whether it takes the header `Frontrow-Queue-Token`.
    pub queue_token: bool,
    /// Whether it has a body that may be left out.
    pub body_is_optional: bool,
}

impl Needs {
    pub fn of<A: Arguments>() -> Self {
        let mut needs = Self::default();
        A::add_to(&mut needs);
        needs
    }
}

/// One argument of a handler. An extractor without it can't be used in a route.
pub(crate) trait Argument {
    /// Adds what a request has to bring for this argument; most need nothing that is not in the handler's description.
    fn add_to(_: &mut Needs) {}
}

/// All arguments of a handler.
pub(crate) trait Arguments {
    /// Adds what a request has to bring for them.
    fn add_to(needs: &mut Needs);
}

impl Argument for Caller {
    fn add_to(needs: &mut Needs) {
        needs.access = Access::Users;
    }
}

impl Argument for Operator {
    fn add_to(needs: &mut Needs) {
        needs.access = Access::Operators;
    }
}

impl Argument for Key {
    fn add_to(needs: &mut Needs) {
        needs.key = true;
    }
}

impl Argument for OptionalKey {
    fn add_to(needs: &mut Needs) {
        needs.key_is_optional = true;
    }
}

impl Argument for ShownToken {
    fn add_to(needs: &mut Needs) {
        needs.queue_token = true;
    }
}

impl<T> Argument for OptionalBody<T> {
    fn add_to(needs: &mut Needs) {
        needs.body_is_optional = true;
    }
}

impl<T> Argument for Body<T> {}
impl<T> Argument for Changes<T> {}
impl<T> Argument for Long<T> {}
impl<T> Argument for Query<T> {}
impl Argument for BuyerAddress {}
impl Argument for ClientNetwork {}
impl Argument for Data<WebState> {}

impl Argument for Data<Description> {}
impl Argument for HttpRequest {}
impl Argument for Id {}
impl Argument for IfMatch {}
impl Argument for PreferredWait {}
impl Argument for ProblemType {}
impl Argument for SeatMapAddress {}
impl Argument for UserAgent {}

macro_rules! arguments {
    ($(($($argument:ident),*))*) => {
        $(impl<$($argument: Argument),*> Arguments for ($($argument,)*) {
            fn add_to(_needs: &mut Needs) {
                $($argument::add_to(_needs);)*
            }
        })*
    };
}

arguments! { () (A) (A, B) (A, B, C) (A, B, C, D) (A, B, C, D, E) (A, B, C, D, E, F) }
