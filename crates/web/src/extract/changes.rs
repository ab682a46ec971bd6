//! Changes of something that operators have put.

use super::body::{all_of, check_type, malformed};
use super::json::Json;
use super::object::Object;
use crate::problem::{Kind, Problem};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use futures::future::LocalBoxFuture;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::marker::PhantomData;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use validator::Validate;

/// Members of a body of that type: what they name is changed, and everything else stays. A member is replaced whole, also if
/// it is a list or an object; `null` is as if it were left out of the body.
#[derive(Clone, Debug)]
pub struct Changes<T> {
    members: Vec<(String, Json)>,
    of: PhantomData<T>,
}

impl<T: Serialize + DeserializeOwned + Validate> Changes<T> {
    /// What is stored, with the changes.
    pub fn over(self, stored: &T) -> Result<T, Problem> {
        let stored = serde_json::to_string(stored).map_err(|_| Problem::new(Kind::Fault))?;
        let Ok(Json::Object(mut members)) = Json::read(&stored) else { return Err(Problem::new(Kind::Fault)) };
        members.retain(|(name, _)| self.members.iter().all(|(changed, _)| changed != name));
        members.extend(self.members);
        let read = Object::<T>::deserialize(Json::Object(members));
        let Object(changed) = read.map_err(|flaw| Problem::invalid(vec![flaw.at("")]))?;
        super::body::check(&changed)?;
        Ok(changed)
    }
}

impl<T: 'static> FromRequest for Changes<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            check_type(&request)?;
            let bytes = all_of(&request, payload, 1).await?;
            let read = serde_json::from_slice::<IgnoredAny>(&bytes).map(|_| std::str::from_utf8(&bytes));
            let text = read.map_err(|error| malformed(&error))?.map_err(|_| Problem::new(Kind::Malformed))?;
            match Json::read(text).map_err(|flaw| Problem::invalid(vec![flaw.at("")]))? {
                Json::Object(members) => Ok(Self { members, of: PhantomData }),
                _ => Err(Problem::field("", "type", "expected an object")),
            }
        })
    }
}

/// The same schema, of which everything may be left out. Not public API of utoipa, as what `routes/endpoint.rs` uses.
impl<T: PartialSchema> utoipa::__dev::ComposeSchema for Changes<T> {
    fn compose(_: Vec<RefOr<Schema>>) -> RefOr<Schema> {
        let mut schema = T::schema();
        if let RefOr::T(Schema::Object(object)) = &mut schema {
            object.required.clear();
        }
        schema
    }
}

impl<T: ToSchema> ToSchema for Changes<T> {
    fn name() -> Cow<'static, str> {
        "Changes".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        T::schemas(schemas);
    }
}
