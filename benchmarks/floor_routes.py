"""Where the endpoints that do nothing are found; told here, so that who asks them need not make them."""

RECOMMEND_NOTHING, JUDGE_NOTHING = "/recommend/nothing", "/churn_risk/nothing"
