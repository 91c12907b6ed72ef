-- Who logs in at an OpenID provider has no password here. The subject is what stays of them; names may change there.
ALTER TABLE app_user ADD COLUMN oidc_issuer TEXT;
ALTER TABLE app_user ADD COLUMN oidc_subject TEXT;
CREATE UNIQUE INDEX app_user_outside ON app_user (oidc_issuer, oidc_subject);
