"""What Keras 3.15.1 has by name. Written by `python -m tests.files.make_keras_names`, not by hand."""

CLASSES = {
    "keras": """
        DTypePolicy FloatDTypePolicy Function Initializer InputSpec Layer Loss Metric Model Operation Optimizer
        Quantizer Regularizer Sequential
    """,
    "keras._legacy.layers": """
        AlphaDropout RandomHeight RandomWidth ThresholdedReLU
    """,
    "keras.constraints": """
        Constraint MaxNorm MinMaxNorm NonNeg UnitNorm max_norm min_max_norm non_neg unit_norm
    """,
    "keras.distillation": """
        Distiller FeatureDistillation LogitsDistillation
    """,
    "keras.dtype_policies": """
        AWQDTypePolicy DTypePolicy DTypePolicyMap FloatDTypePolicy GPTQDTypePolicy Int4DTypePolicy
        QuantizedDTypePolicy QuantizedFloat8DTypePolicy
    """,
    "keras.initializers": """
        Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity IdentityInitializer Initializer LecunNormal
        LecunUniform Ones Orthogonal OrthogonalInitializer RandomNormal RandomUniform STFT STFTInitializer
        TruncatedNormal VarianceScaling Zeros constant glorot_normal glorot_uniform he_normal he_uniform identity
        lecun_normal lecun_uniform ones orthogonal random_normal random_uniform stft truncated_normal variance_scaling
        zeros
    """,
    "keras.layers": """
        Activation ActivityRegularization AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D
        AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D Add AdditiveAttention AlphaDropout Attention
        AugMix AutoContrast Average AveragePooling1D AveragePooling2D AveragePooling3D AvgPool1D AvgPool2D AvgPool3D
        BatchNormalization Bidirectional CategoryEncoding CenterCrop Concatenate
        ContrastLimitedAdaptiveHistogramEqualization Conv1D Conv1DTranspose Conv2D Conv2DTranspose Conv3D
        Conv3DTranspose ConvLSTM1D ConvLSTM2D ConvLSTM3D Convolution1D Convolution1DTranspose Convolution2D
        Convolution2DTranspose Convolution3D Convolution3DTranspose Cropping1D Cropping2D Cropping3D CutMix Dense
        DepthwiseConv1D DepthwiseConv2D Discretization Dot Dropout ELU EinsumDense Embedding Equalization Flatten GRU
        GRUCell GaussianDropout GaussianNoise GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D
        GlobalAvgPool1D GlobalAvgPool2D GlobalAvgPool3D GlobalMaxPool1D GlobalMaxPool2D GlobalMaxPool3D
        GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D GroupNormalization GroupQueryAttention HashedCrossing
        Hashing Identity InputLayer InputSpec IntegerLookup LSTM LSTMCell Lambda Layer LayerNormalization LeakyReLU
        Masking MaxNumBoundingBoxes MaxPool1D MaxPool2D MaxPool3D MaxPooling1D MaxPooling2D MaxPooling3D Maximum
        MelSpectrogram Minimum MixUp MultiHeadAttention Multiply Normalization PReLU Permute Pipeline RMSNormalization
        RNN RandAugment RandomBrightness RandomColorDegeneration RandomColorJitter RandomContrast RandomCrop
        RandomElasticTransform RandomErasing RandomFlip RandomGaussianBlur RandomGrayscale RandomHue RandomInvert
        RandomPerspective RandomPosterization RandomRotation RandomSaturation RandomSharpness RandomShear
        RandomTranslation RandomZoom ReLU RepeatVector Rescaling Reshape Resizing ReversibleEmbedding STFTSpectrogram
        SeparableConv1D SeparableConv2D SeparableConvolution1D SeparableConvolution2D SimpleRNN SimpleRNNCell Softmax
        Solarization SpatialDropout1D SpatialDropout2D SpatialDropout3D SpectralNormalization StackedRNNCells
        StringLookup Subtract TextVectorization TimeDistributed UnitNormalization UpSampling1D UpSampling2D
        UpSampling3D Wrapper ZeroPadding1D ZeroPadding2D ZeroPadding3D
    """,
    "keras.losses": """
        BinaryCrossentropy BinaryFocalCrossentropy CTC CategoricalCrossentropy CategoricalFocalCrossentropy
        CategoricalGeneralizedCrossEntropy CategoricalHinge Circle CosineSimilarity Dice Hinge Huber KLDivergence
        LogCosh Loss MeanAbsoluteError MeanAbsolutePercentageError MeanSquaredError MeanSquaredLogarithmicError
        Poisson SparseCategoricalCrossentropy SquaredHinge Tversky
    """,
    "keras.metrics": """
        AUC Accuracy BinaryAccuracy BinaryCrossentropy BinaryIoU CategoricalAccuracy CategoricalCrossentropy
        CategoricalHinge ConcordanceCorrelation CosineSimilarity F1Score FBetaScore FalseNegatives FalsePositives
        Hinge IoU KLDivergence LogCoshError Mean MeanAbsoluteError MeanAbsolutePercentageError MeanIoU
        MeanMetricWrapper MeanSquaredError MeanSquaredLogarithmicError Metric OneHotIoU OneHotMeanIoU
        PearsonCorrelation Poisson Precision PrecisionAtRecall R2Score Recall RecallAtPrecision RootMeanSquaredError
        SensitivityAtSpecificity SparseCategoricalAccuracy SparseCategoricalCrossentropy SparseTopKCategoricalAccuracy
        SpecificityAtSensitivity SquaredHinge Sum TopKCategoricalAccuracy TrueNegatives TruePositives
    """,
    "keras.optimizers": """
        Adadelta Adafactor Adagrad Adam AdamW Adamax Ftrl Lamb Lion LossScaleOptimizer MultiOptimizer Muon Nadam
        Optimizer OptimizerMap RMSprop SGD ScheduleFreeAdamW
    """,
    "keras.optimizers.schedules": """
        CosineDecay CosineDecayRestarts ExponentialDecay InverseTimeDecay LearningRateSchedule PiecewiseConstantDecay
        PolynomialDecay
    """,
    "keras.quantizers": """
        AWQConfig AbsMaxQuantizer Float8QuantizationConfig GPTQConfig Int4QuantizationConfig Int8QuantizationConfig
        QuantizationConfig Quantizer
    """,
    "keras.random": """
        SeedGenerator
    """,
    "keras.regularizers": """
        L1 L1L2 L2 OrthogonalRegularizer Regularizer l1 l1_l2 l2 orthogonal_regularizer
    """,
    "keras.src.activations.activations": """
        Mish ReLU
    """,
    "keras.src.applications.convnext": """
        LayerScale StochasticDepth
    """,
    "keras.src.applications.inception_resnet_v2": """
        CustomScaleLayer
    """,
    "keras.src.backend.tensorflow.optimizer": """
        TFOptimizer
    """,
    "keras.src.layers.convolutional.base_conv": """
        BaseConv
    """,
    "keras.src.layers.convolutional.base_conv_transpose": """
        BaseConvTranspose
    """,
    "keras.src.layers.convolutional.base_depthwise_conv": """
        BaseDepthwiseConv
    """,
    "keras.src.layers.convolutional.base_separable_conv": """
        BaseSeparableConv
    """,
    "keras.src.layers.merging.base_merge": """
        Merge
    """,
    "keras.src.layers.pooling.base_adaptive_pooling": """
        BaseAdaptiveAveragePooling BaseAdaptiveMaxPooling BaseAdaptivePooling
    """,
    "keras.src.layers.pooling.base_global_pooling": """
        BaseGlobalPooling
    """,
    "keras.src.layers.pooling.base_pooling": """
        BasePooling
    """,
    "keras.src.layers.preprocessing.data_layer": """
        DataLayer
    """,
    "keras.src.layers.preprocessing.feature_space": """
        Cross Feature TFDConcat TFDIdentity
    """,
    "keras.src.layers.preprocessing.image_preprocessing.base_image_preprocessing_layer": """
        BaseImagePreprocessingLayer
    """,
    "keras.src.layers.preprocessing.index_lookup": """
        IndexLookup
    """,
    "keras.src.layers.regularization.spatial_dropout": """
        BaseSpatialDropout
    """,
    "keras.src.layers.rnn.conv_lstm": """
        ConvLSTM ConvLSTMCell
    """,
    "keras.src.losses.losses": """
        LossFunctionWrapper
    """,
    "keras.src.metrics.confusion_metrics": """
        SensitivitySpecificityBase _ConfusionMatrixConditionCount
    """,
    "keras.src.metrics.iou_metrics": """
        _IoUBase
    """,
    "keras.src.models.functional": """
        Functional
    """,
    "keras.src.ops.core": """
        AssociativeScan Cast Cond ConvertToTensor ForiLoop Map SaturateCast Scan Scatter ScatterUpdate Slice
        SliceUpdate StopGradient Switch Unstack VectorizedMap WhileLoop
    """,
    "keras.src.ops.einops": """
        Rearrange
    """,
    "keras.src.ops.image": """
        AffineTransform CropImages ElasticTransform ExtractPatches GaussianBlur HSVToRGB MapCoordinates PadImages
        PerspectiveTransform RGBToGrayscale RGBToHSV Resize SSIM ScaleAndTranslate SobelEdges
    """,
    "keras.src.ops.linalg": """
        Cholesky CholeskyInverse Det Eig Eigh Inv JVP Lstsq LuFactor MatrixRank Norm Pinv Qr SVD Solve SolveTriangular
    """,
    "keras.src.ops.math": """
        CDist Erf Erfc Erfinv ExtractSequences FFT FFT2 IFFT2 IRFFT ISTFT InTopK Logdet Logsumexp RFFT Rsqrt STFT
        SegmentMax SegmentMin SegmentProd SegmentReduction SegmentSum TopK ViewAsComplex ViewAsReal
    """,
    "keras.src.ops.nn": """
        AdaptiveAveragePool AdaptiveMaxPool AveragePool BatchNorm BinaryCrossentropy CTCDecode CTCLoss
        CategoricalCrossentropy Celu Conv ConvTranspose DepthToSpace DepthwiseConv DotProductAttention Elu Fold Gelu
        Glu HardShrink HardSigmoid HardSilu HardTanh LayerNorm LeakyRelu LogSigmoid LogSoftmax MaxPool Moments
        MultiHot Normalize OneHot PSNR Polar RMSNorm Relu Relu6 Selu SeparableConv Sigmoid Silu SoftShrink Softmax
        Softplus Softsign SpaceToDepth SparseCategoricalCrossentropy SparsePlus SparseSigmoid Sparsemax Squareplus
        TanhShrink Threshold Unfold
    """,
    "keras.src.ops.numpy": """
        Abs Absolute Add All AllClose Amax Amin Angle Any Append Arange Arccos Arccosh Arcsin Arcsinh Arctan Arctan2
        Arctanh Argmax Argmin Argpartition Argsort Array ArraySplit Average Bincount BitwiseAnd BitwiseInvert
        BitwiseLeftShift BitwiseNot BitwiseOr BitwiseRightShift BitwiseXor BroadcastTo Cbrt Ceil Clip Concatenate Conj
        Conjugate Copy Corrcoef Correlate Cos Cosh CountNonzero Cross Cumprod Cumsum Deg2rad Diag Diagflat Diagonal
        Diff Digitize Divide DivideNoNan Dot Dsplit Dstack Einsum EmptyLike Equal Exp Exp2 ExpandDims Expm1 Fabs Flip
        Fliplr Flipud Floor FloorDivide Fmax Fmin Fmod Full FullLike Gcd Geomspace GetItem Greater GreaterEqual
        Heaviside Histogram Hsplit Hstack Hypot I0 Imag Inner IsIn Isclose Isfinite Isinf Isnan Isneginf Isposinf
        Isreal Kron Lcm Ldexp LeftShift Less LessEqual Linspace Log Log10 Log1p Log2 Logaddexp Logaddexp2 LogicalAnd
        LogicalNot LogicalOr LogicalXor Logspace Matmul Max Maximum Mean Median Meshgrid Min Minimum Mod Moveaxis
        Multiply NanToNum Nanargmax Nanargmin Nancumprod Nancumsum Nanmax Nanmean Nanmedian Nanmin Nanpercentile
        Nanprod Nanquantile Nanstd Nansum Nanvar Ndim Negative Nextafter Nonzero NotEqual OnesLike Outer Pad
        Percentile Power Prod Ptp Quantile Rad2deg Ravel Real Reciprocal Repeat Reshape RightShift Roll Rot90 Round
        SearchSorted Select Sign Signbit Sin Sinc Sinh Size Slogdet Sort Split Sqrt Square Squeeze Stack Std Subtract
        Sum Swapaxes Take TakeAlongAxis Tan Tanh Tensordot Tile Trace Transpose Trapezoid Tril Triu TrueDivide Trunc
        Unique UnravelIndex Vander Var Vdot View Vsplit Vstack Where ZerosLike
    """,
    "keras.src.optimizers.base_optimizer": """
        BaseOptimizer
    """,
    "keras.src.quantizers.quantizers": """
        FakeQuantWithMinMaxVars
    """,
    "keras.src.trainers.compile_utils": """
        CompileLoss CompileMetrics MetricsList
    """,
    "keras.utils": """
        FeatureSpace
    """,
}
"""Classes that a configuration may name, by module: layers, operations, losses and so on; separated by blanks."""

FUNCTIONS = {
    "keras.activations": """
        celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_tanh leaky_relu linear log_sigmoid
        log_softmax mish relu relu6 selu sigmoid silu soft_shrink softmax softplus softsign sparse_plus sparse_sigmoid
        sparsemax squareplus tanh tanh_shrink threshold
    """,
    "keras.layers": """
        Input add average concatenate dot maximum minimum multiply subtract
    """,
    "keras.losses": """
        categorical_generalized_cross_entropy circle cosine_similarity ctc dice huber log_cosh tversky
    """,
    "keras.metrics": """
        binary_accuracy binary_crossentropy binary_focal_crossentropy categorical_accuracy categorical_crossentropy
        categorical_focal_crossentropy categorical_hinge concordance_correlation hinge kl_divergence
        mean_absolute_error mean_absolute_percentage_error mean_squared_error mean_squared_logarithmic_error
        pearson_correlation poisson sparse_categorical_accuracy sparse_categorical_crossentropy
        sparse_top_k_categorical_accuracy squared_hinge top_k_categorical_accuracy
    """,
    "keras.ops": """
        abs absolute adaptive_average_pool adaptive_max_pool add all allclose amax amin angle any append arange arccos
        arccosh arcsin arcsinh arctan arctan2 arctanh argmax argmin argpartition argsort array array_split
        associative_scan average average_pool bartlett batch_normalization binary_crossentropy bincount bitwise_and
        bitwise_invert bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift bitwise_xor blackman broadcast_to
        cast categorical_crossentropy cbrt cdist ceil celu cholesky cholesky_inverse clip concatenate cond conj
        conjugate conv conv_transpose convert_to_numpy convert_to_tensor copy corrcoef correlate cos cosh
        count_nonzero cross ctc_decode ctc_loss cumprod cumsum custom_gradient deg2rad depth_to_space depthwise_conv
        det diag diagflat diagonal diff digitize divide divide_no_nan dot dot_product_attention dsplit dstack dtype
        eig eigh einsum elu empty empty_like equal erf erfc erfinv exp exp2 expand_dims expm1 extract_sequences eye
        fabs fft fft2 flip fliplr flipud floor floor_divide fmax fmin fmod fold fori_loop full full_like gcd gelu
        geomspace get_item glu greater greater_equal hamming hanning hard_shrink hard_sigmoid hard_silu hard_tanh
        heaviside histogram hsplit hstack hypot i0 identity ifft2 imag in_top_k inner inv irfft is_tensor isclose
        isfinite isin isinf isnan isneginf isposinf isreal istft jvp kaiser kron layer_normalization lcm ldexp
        leaky_relu left_shift less less_equal linspace log log10 log1p log2 log_sigmoid log_softmax logaddexp
        logaddexp2 logdet logical_and logical_not logical_or logical_xor logspace logsumexp lstsq lu_factor map matmul
        matrix_rank max max_pool maximum mean median meshgrid min minimum mod moments moveaxis multi_hot multiply
        nan_to_num nanargmax nanargmin nancumprod nancumsum nanmax nanmean nanmedian nanmin nanpercentile nanprod
        nanquantile nanstd nansum nanvar ndim negative nextafter nonzero norm normalize not_equal one_hot ones
        ones_like outer pad percentile pinv polar power prod psnr ptp qr quantile rad2deg ravel real rearrange
        reciprocal relu relu6 repeat reshape rfft right_shift rms_normalization roll rot90 round rsqrt saturate_cast
        scan scatter scatter_update searchsorted segment_max segment_min segment_prod segment_sum select selu
        separable_conv shape sigmoid sign signbit silu sin sinc sinh size slice slice_update slogdet soft_shrink
        softmax softplus softsign solve solve_triangular sort space_to_depth sparse_categorical_crossentropy
        sparse_plus sparse_sigmoid sparsemax split sqrt square squareplus squeeze stack std stft stop_gradient
        subtract sum svd swapaxes switch take take_along_axis tan tanh tanh_shrink tensordot threshold tile top_k
        trace transpose trapezoid tri tril triu true_divide trunc unfold unique unravel_index unstack vander var vdot
        vectorize vectorized_map view view_as_complex view_as_real vsplit vstack where while_loop zeros zeros_like
    """,
    "keras.ops.image": """
        affine_transform crop_images elastic_transform extract_patches extract_patches_3d gaussian_blur hsv_to_rgb
        map_coordinates pad_images perspective_transform resize rgb_to_grayscale rgb_to_hsv scale_and_translate
        sobel_edges ssim
    """,
}
"""Functions that a configuration may name, by module."""

IDENTIFIERS = {
    "activation": """
        celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu linear
        log_sigmoid log_softmax mish relu relu6 selu sigmoid silu soft_shrink softmax softplus softsign sparse_plus
        sparse_sigmoid sparsemax squareplus swish tanh tanh_shrink threshold
    """,
    "constraint": """
        Constraint MaxNorm MinMaxNorm NonNeg UnitNorm constraint max_norm min_max_norm non_neg unit_norm
    """,
    "initializer": """
        Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity IdentityInitializer Initializer LecunNormal
        LecunUniform Ones Orthogonal OrthogonalInitializer RandomNormal RandomUniform STFT STFTInitializer
        TruncatedNormal VarianceScaling Zeros constant glorot_normal glorot_uniform he_normal he_uniform identity
        initializer lecun_normal lecun_uniform normal one ones orthogonal random_normal random_uniform stft
        truncated_normal uniform variance_scaling zero zeros
    """,
    "loss": """
        BCE BinaryCrossentropy BinaryFocalCrossentropy CTC CategoricalCrossentropy CategoricalFocalCrossentropy
        CategoricalHinge Circle CosineSimilarity Dice Hinge Huber KLD KLDivergence LogCosh Loss LossFunctionWrapper
        MAE MAPE MSE MSLE MeanAbsoluteError MeanAbsolutePercentageError MeanSquaredError MeanSquaredLogarithmicError
        Poisson SparseCategoricalCrossentropy SquaredHinge Tversky bce binary_crossentropy binary_focal_crossentropy
        categorical_crossentropy categorical_focal_crossentropy categorical_hinge circle cosine_similarity ctc dice
        hinge huber kl_divergence kld log_cosh mae mape mean_absolute_error mean_absolute_percentage_error
        mean_squared_error mean_squared_logarithmic_error mse msle poisson sparse_categorical_crossentropy
        squared_hinge tversky
    """,
    "metric": """
        AUC Accuracy BCE BinaryAccuracy BinaryCrossentropy BinaryIoU CategoricalAccuracy CategoricalCrossentropy
        CategoricalHinge ConcordanceCorrelation CosineSimilarity F1Score FBetaScore FalseNegatives FalsePositives
        Hinge IoU KLDivergence LogCoshError MAE MAPE MSE MSLE Mean MeanAbsoluteError MeanAbsolutePercentageError
        MeanIoU MeanMetricWrapper MeanSquaredError MeanSquaredLogarithmicError Metric OneHotIoU OneHotMeanIoU
        PearsonCorrelation Poisson Precision PrecisionAtRecall R2Score Recall RecallAtPrecision RootMeanSquaredError
        SensitivityAtSpecificity SparseCategoricalAccuracy SparseCategoricalCrossentropy SparseTopKCategoricalAccuracy
        SpecificityAtSensitivity SquaredHinge Sum TopKCategoricalAccuracy TrueNegatives TruePositives accuracy auc bce
        binary_accuracy binary_crossentropy binary_io_u categorical_accuracy categorical_crossentropy
        categorical_hinge concordance_correlation cosine_similarity f1_score f_beta_score false_negatives
        false_positives hinge io_u kl_divergence log_cosh_error mae mape mean mean_absolute_error
        mean_absolute_percentage_error mean_io_u mean_metric_wrapper mean_squared_error mean_squared_logarithmic_error
        metric mse msle one_hot_io_u one_hot_mean_io_u pearson_correlation poisson precision precision_at_recall
        r2_score recall recall_at_precision root_mean_squared_error sensitivity_at_specificity
        sparse_categorical_accuracy sparse_categorical_crossentropy sparse_top_k_categorical_accuracy
        specificity_at_sensitivity squared_hinge sum top_k_categorical_accuracy true_negatives true_positives
    """,
    "optimizer": """
        adadelta adafactor adagrad adam adamax adamw ftrl lion lossscaleoptimizer multioptimizer muon nadam optimizer
        optimizermap rmsprop schedulefreeadamw sgd
    """,
    "quantizer": """
        AWQConfig AbsMaxQuantizer Float8QuantizationConfig Int4QuantizationConfig Int8QuantizationConfig
        QuantizationConfig Quantizer abs_max_quantizer awq_config float8_quantization_config int4_quantization_config
        int8_quantization_config quantization_config quantizer
    """,
    "regularizer": """
        L1 L1L2 L2 OrthogonalRegularizer Regularizer l1 l1l2 l2 orthogonal_regularizer regularizer
    """,
}
"""Strings that stand for an object, by the kind of argument: `relu` for an activation."""
